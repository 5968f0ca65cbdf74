/* SPDX-License-Identifier: BSD-2-Clause */
/* A client of the agent inside a unit test: one request in, its reply out. */
#ifndef TESTS_UNIT_AGENT_CLIENT_H
#define TESTS_UNIT_AGENT_CLIENT_H

#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "linux_platform.h"

struct agent_client {
    struct linux_platform platform;
    struct agent *agent;
    struct session *session;
    const char *input;
    size_t input_left;
    char output[1 << 16];
    size_t output_used;
};

static inline size_t agent_client_peek(void *ctx, const uint8_t **bytes)
{
    struct agent_client *client = ctx;

    *bytes = (const uint8_t *)client->input;
    return client->input_left;
}

static inline void agent_client_consume(void *ctx, size_t count)
{
    struct agent_client *client = ctx;

    client->input += count;
    client->input_left -= count;
}

static inline size_t agent_client_reserve(void *ctx, uint8_t **room)
{
    struct agent_client *client = ctx;

    *room = (uint8_t *)client->output + client->output_used;
    return sizeof(client->output) - 1 - client->output_used;
}

static inline void agent_client_commit(void *ctx, size_t count)
{
    ((struct agent_client *)ctx)->output_used += count;
}

static inline void agent_client_flush(void *ctx)
{
    (void)ctx;
}

/* An agent with its session; abort() if that fails. */
static inline struct agent_client *agent_client_create(uint64_t budget)
{
    static const struct channel_ops ops = {agent_client_peek,    agent_client_consume,
                                           agent_client_reserve, agent_client_commit,
                                           agent_client_flush,   NULL};
    struct agent_client *client = calloc(1, sizeof(*client));

    if (client == NULL) {
        abort();
    }
    linux_platform_init(&client->platform, budget);
    client->platform.is_quiet = true;
    client->agent = agent_create(&client->platform.platform);
    if (client->agent == NULL) {
        abort();
    }
    client->session = session_create(client->agent, (struct channel){&ops, client});
    if (client->session == NULL) {
        abort();
    }
    return client;
}

/* Frees everything; returns the bytes that the agent has leaked. */
static inline uint64_t agent_client_destroy(struct agent_client *client)
{
    uint64_t leaked;

    agent_destroy(client->agent);
    leaked = client->platform.used;
    free(client);
    return leaked;
}

/* Everything that the agent answers to `request`, good until the next one. */
static inline const char *agent_client_ask(struct agent_client *client, const char *request)
{
    client->input = request;
    client->input_left = strlen(request);
    client->output_used = 0;
    while (session_poll(client->session)) {
    }
    client->output[client->output_used] = '\0';
    return client->output;
}

#endif
