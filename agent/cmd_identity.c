/* SPDX-License-Identifier: BSD-2-Clause */
/* Who the guest is: its name, its system, its time zone, its users. */
#include "os_release.h"
#include "qga_commands.h"
#include "state.h"

int qmp_guest_get_host_name(struct agent *agent, struct reply *reply)
{
    char name[FACTS_HOST_NAME_BYTES];

    facts_host_name(agent, name);
    reply_object_begin(reply);
    reply_key(reply, "host-name");
    reply_c_string(reply, name);
    reply_object_end(reply);
    return 0;
}

int qmp_guest_get_users(struct agent *agent, struct reply *reply)
{
    struct facts_user user;

    reply_array_begin(reply);
    for (size_t i = 0; facts_user(agent, i, &user); i++) {
        reply_object_begin(reply);
        reply_key(reply, "user");
        reply_c_string(reply, user.name);
        reply_key(reply, "login-time");
        reply_double(reply, user.login_time);
        if (user.domain != NULL) {
            reply_key(reply, "domain");
            reply_c_string(reply, user.domain);
        }
        reply_object_end(reply);
    }
    reply_array_end(reply);
    return 0;
}

int qmp_guest_get_timezone(struct agent *agent, struct reply *reply)
{
    struct facts_timezone timezone;

    facts_timezone(agent, &timezone);
    reply_object_begin(reply);
    if (timezone.name[0] != '\0') {
        reply_key(reply, "zone");
        reply_c_string(reply, timezone.name);
    }
    reply_key(reply, "offset");
    reply_int(reply, timezone.offset);
    reply_object_end(reply);
    return 0;
}

static void reply_member(struct reply *reply, const char *name, const char *value)
{
    reply_key(reply, name);
    reply_c_string(reply, value);
}

/* The members that os-release(5) has a key for; what it does not say is left out. */
static int reply_os_release(struct agent *agent, struct reply *reply)
{
    static const struct {
        const char *member;
        const char *key;
    } members[] = {
        {"id", "ID"},
        {"name", "NAME"},
        {"version", "VERSION"},
        {"pretty-name", "PRETTY_NAME"},
        {"variant", "VARIANT"},
        {"version-id", "VERSION_ID"},
        {"variant-id", "VARIANT_ID"},
    };
    struct buffer content;
    struct buffer value;
    int result = 0;

    buffer_init(&content, agent->platform);
    buffer_init(&value, agent->platform);
    facts_os_release(agent, &content);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]) && result >= 0; i++) {
        result = os_release_find((struct text_span){(const char *)content.data, content.size},
                                 members[i].key, &value);
        if (result > 0) {
            reply_key(reply, members[i].member);
            reply_string(reply, (const char *)value.data, value.size);
        }
    }
    buffer_free(&value);
    buffer_free(&content);
    return result < 0 ? reply_error(reply, "Out of memory") : 0;
}

int qmp_guest_get_osinfo(struct agent *agent, struct reply *reply)
{
    struct facts_kernel kernel = facts_kernel(agent);
    int result;

    reply_object_begin(reply);
    reply_member(reply, "kernel-release", kernel.release);
    reply_member(reply, "kernel-version", kernel.version);
    reply_member(reply, "machine", kernel.machine);
    result = reply_os_release(agent, reply);
    reply_object_end(reply);
    return result;
}
