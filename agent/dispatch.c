/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a document to a reply, in the order of qapi/qmp-dispatch.c: the envelope, the command's
 * name, whether it is enabled, its arguments, the command itself.
 */
#include <errno.h>
#include <string.h>

#include "faults.h"
#include "personality.h"
#include "qga_commands.h"
#include "rpcs.h"
#include "state.h"

/* The members of a request. */
struct envelope {
    uint32_t execute;
    uint32_t arguments;
    uint32_t id;
};

bool dispatch_is_enabled(const struct agent *agent, const struct command *command)
{
    const struct session_rules *rules = agent->caller->rules;

    if (rules != NULL && (rules->allowed & 1u << command->access) == 0) {
        return false;
    }
    /* As in QEMU qga/main.c:ga_command_is_allowed(), what runs while frozen runs then in any case:
     * a guest whose file systems are frozen must be able to leave that state. */
    return agent->frozen ? command->allowed_while_frozen
                         : command->vendor || (!rpcs_is_disabled(agent, command) &&
                                               !personality_disables(agent, command));
}

/* Notes the member whose key is `key`; the checks are those of qmp_dispatch_check_obj(). */
static int read_member(const struct json *json, uint32_t key, struct envelope *envelope,
                       struct reply *reply)
{
    uint32_t value = key + 1;

    if (json_string_is(json, key, "execute")) {
        envelope->execute = value;
        if (json_type(json, value) != JSON_STRING) {
            return reply_error(reply, "QMP input member 'execute' must be a string");
        }
    } else if (json_string_is(json, key, "arguments")) {
        envelope->arguments = value;
        if (json_type(json, value) != JSON_OBJECT) {
            return reply_error(reply, "QMP input member 'arguments' must be an object");
        }
    } else if (json_string_is(json, key, "id")) {
        envelope->id = value;
    } else {
        return reply_error(reply, "QMP input member '%s' is unexpected",
                           json_string(json, key).bytes);
    }
    return 0;
}

static int read_envelope(const struct json *json, struct envelope *envelope, struct reply *reply)
{
    uint32_t key = 1;
    int result = 0;

    *envelope = (struct envelope){JSON_NONE, JSON_NONE, JSON_NONE};
    for (uint32_t i = 0; i < json_children(json, 0); i++) {
        /* The first error counts, but the id is wanted wherever it stands. */
        if (result == 0) {
            result = read_member(json, key, envelope, reply);
        } else if (json_string_is(json, key, "id")) {
            envelope->id = key + 1;
        }
        key = json_skip(json, key + 1);
    }
    if (result == 0 && envelope->execute == JSON_NONE) {
        result = reply_error(reply, "QMP input lacks member 'execute'");
    }
    return result;
}

static const struct command *find_command(struct args_string name)
{
    size_t low = 0;
    size_t high = qga_command_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct command *command = &qga_commands[qga_commands_by_name[middle]];
        int order = strcmp(name.bytes, command->name);

        if (order == 0) {
            return command;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

static int run(struct session *session, const struct command *command, uint32_t arguments)
{
    static const struct args_type no_arguments = {.kind = ARGS_STRUCT};
    const struct args_type *type = command->arguments != NULL ? command->arguments : &no_arguments;
    _Alignas(max_align_t) unsigned char value[ARGS_SIZE_MAX];
    int result;

    memset(value, 0, sizeof(value));
    result = args_parse(&session->json, arguments, type, value, &session->reply);
    if (result < 0) {
        return result;
    }
    if (!command->success_response) {
        session_flush(session); /* it may be the last thing that this guest does */
    }
    if (session->agent->personality != NULL &&
        personality_answers(session->agent, command, &session->reply)) {
        return 0;
    }
    return command->run(session->agent, value, &session->reply);
}

/* The member id, where the request has one. */
static void write_id(struct session *session, uint32_t id)
{
    struct reply *reply = &session->reply;

    if (session->faults != NULL && faults_write_id(session, id)) {
        return;
    }
    if (id != JSON_NONE) {
        reply_key(reply, "id");
        reply_json(reply, &session->json, id);
    }
}

/* Whether there is such a command, and it may run now. */
static int permit(const struct session *session, struct args_string name,
                  const struct command *command, struct reply *reply)
{
    if (command == NULL || !personality_has_command(session->agent, command)) {
        return reply_error_not_found(reply, "The command %s has not been found", name.bytes);
    }
    if (!dispatch_is_enabled(session->agent, command)) {
        return reply_error_not_found(
            reply, "Command %s has been disabled: the command is not allowed", name.bytes);
    }
    return 0;
}

static int execute(struct session *session, const struct envelope *envelope)
{
    struct args_string name = json_string(&session->json, envelope->execute);
    const struct command *command = find_command(name);
    struct reply *reply = &session->reply;
    enum faults_verdict verdict = session->faults == NULL ? FAULTS_RUN : faults_meet(session, name);
    size_t value_at;
    int result;

    if (verdict == FAULTS_WAIT || verdict == FAULTS_SILENT) {
        return 0;
    }
    result = verdict == FAULTS_RUN      ? permit(session, name, command, reply)
             : verdict == FAULTS_FAILED ? -EINVAL
                                        : 0;
    if (result < 0) {
        return result;
    }
    reply_object_begin(reply);
    reply_key(reply, "return");
    value_at = reply->text.size;
    result = verdict == FAULTS_VALUE ? faults_value(session, command, envelope->arguments)
                                     : run(session, command, envelope->arguments);
    if (result < 0) {
        return result;
    }
    if (verdict == FAULTS_RUN && !command->success_response) {
        reply_reset(reply, session->agent->keep_bytes);
        return 0;
    }
    if (reply->text.size == value_at) { /* a command without a value returns an empty object */
        reply_object_begin(reply);
        reply_object_end(reply);
    }
    write_id(session, envelope->id);
    reply_object_end(reply);
    return 0;
}

/* Writes the error that is set in the reply, with the request's id where there is one. */
static void write_error(struct session *session, uint32_t id)
{
    struct reply *reply = &session->reply;
    const char *error_class = reply->error_class;

    reply->text.size = 0;
    reply->needs_comma = false;
    reply->out_of_memory = false;
    reply->delimited = false;
    reply_drop_file(reply);
    reply_object_begin(reply);
    write_id(session, id);
    reply_key(reply, "error");
    reply_object_begin(reply);
    reply_key(reply, "class");
    reply_c_string(reply, error_class);
    reply_key(reply, "desc");
    reply_string(reply, (const char *)reply->error_desc.data, reply->error_desc.size);
    reply_object_end(reply);
    reply_object_end(reply);
}

/*
 * Ends the reply's line.  If it does not fit in memory, a short error takes its place: a reply
 * always has room for that (REPLY_ROOM_MIN).
 */
static void finish(struct session *session, uint32_t id)
{
    struct reply *reply = &session->reply;

    if (reply->error_class != NULL) {
        write_error(session, id);
    }
    if (reply->out_of_memory || buffer_reserve(&reply->text, 2) < 0) {
        reply_error(reply, "Out of memory");
        write_error(session, JSON_NONE);
    }
    if (reply->text.size == 0) {
        return; /* silence */
    }
    if (reply->delimited) {
        memmove(reply->text.data + 1, reply->text.data, reply->text.size++);
        reply->text.data[0] = 0xFF;
    }
    reply->text.data[reply->text.size++] = '\n';
}

void dispatch_error(struct session *session)
{
    reply_error(&session->reply, "%.*s", (int)session->framer.error_length, session->framer.error);
    finish(session, JSON_NONE);
}

void dispatch(struct session *session)
{
    struct envelope envelope = {JSON_NONE, JSON_NONE, JSON_NONE};
    int result = json_tokenize(&session->json, &session->framer);

    session->agent->caller = session;
    if (result == -ENOMEM) {
        reply_error(&session->reply, "JSON token count limit exceeded");
    } else if (result < 0) {
        reply_error(&session->reply, "JSON parse error, malformed");
    } else if (read_envelope(&session->json, &envelope, &session->reply) == 0) {
        (void)execute(session, &envelope); /* an error is in the reply */
    }
    finish(session, envelope.id);
}
