/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest-file-*: handles, and what stdio would do behind qemu-ga's commands
 * (qga/commands-posix.c).  There is no buffering, so a write is seen by other handles at once.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "qga_commands.h"
#include "state.h"

/* qga/commands-common.h: QGA_READ_COUNT_DEFAULT, and the limit of 48 MiB. */
#define READ_COUNT_DEFAULT 4096
#define READ_COUNT_MAX     (INT64_C(48) << 20)
/* qga/commands-posix.c: DEFAULT_NEW_FILE_MODE */
#define NEW_FILE_MODE 0666u

/* ---- Handles --------------------------------------------------------------------------- */

static struct file_handle *handle_at(struct agent *agent, size_t index)
{
    return (struct file_handle *)(void *)agent->handles.data + index;
}

static size_t handle_count(const struct agent *agent)
{
    return agent->handles.size / sizeof(struct file_handle);
}

/* Whom a handle belongs to that the caller opens, and whose handles it can use. */
static struct session *handle_owner(const struct agent *agent)
{
    return agent->caller->rules != NULL ? agent->caller : NULL;
}

struct file_handle *agent_find_handle(struct agent *agent, int64_t id, struct reply *reply)
{
    size_t low = 0;
    size_t high = handle_count(agent);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct file_handle *handle = handle_at(agent, middle);

        if (handle->id == id && handle->file != NULL && handle->owner == handle_owner(agent)) {
            return handle;
        }
        if (handle->id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    reply_error(reply, "handle '%" PRId64 "' has not been found", id);
    return NULL;
}

static void close_handle(struct agent *agent, struct file_handle *handle)
{
    ramfs_release(&agent->fs, handle->file);
    handle->file = NULL;
    agent->open_handles--;
    if (handle->owner != NULL) {
        handle->owner->handles--;
    }
}

/* Squeezes closed handles out once they are the greater part, so that closing stays cheap. */
static void compact_handles(struct agent *agent)
{
    size_t kept = 0;

    if (agent->open_handles * 2 > handle_count(agent)) {
        return;
    }
    for (size_t i = 0; i < handle_count(agent); i++) {
        if (handle_at(agent, i)->file != NULL) {
            *handle_at(agent, kept++) = *handle_at(agent, i);
        }
    }
    agent->handles.size = kept * sizeof(struct file_handle);
}

void agent_close_handles_of(struct agent *agent, struct session *owner)
{
    for (size_t i = 0; i < handle_count(agent) && owner->handles > 0; i++) {
        struct file_handle *handle = handle_at(agent, i);

        if (handle->file != NULL && handle->owner == owner) {
            close_handle(agent, handle);
        }
    }
    compact_handles(agent);
}

/* ---- Open and close -------------------------------------------------------------------- */

/* What a mode string of fopen() asks for. */
struct open_mode {
    bool readable;
    bool writable;
    bool append;
    unsigned flags; /* of ramfs_open() */
};

/* qga/commands-posix.c, guest_file_open_modes: these and no others. */
static int parse_mode(const char *text, struct open_mode *mode)
{
    static const char *const extensions[] = {"", "b", "+", "+b", "b+"};
    bool update;
    size_t i = 0;

    if (*text != 'r' && *text != 'w' && *text != 'a') {
        return -EINVAL;
    }
    while (i < sizeof(extensions) / sizeof(extensions[0]) && strcmp(text + 1, extensions[i]) != 0) {
        i++;
    }
    if (i == sizeof(extensions) / sizeof(extensions[0])) {
        return -EINVAL;
    }
    update = i >= 2;
    *mode = (struct open_mode){
        .readable = *text == 'r' || update,
        .writable = *text != 'r' || update,
        .append = *text == 'a',
        .flags = (*text != 'r' || update ? RAMFS_WRITE : 0) | (*text != 'r' ? RAMFS_CREATE : 0) |
                 (*text == 'w' ? RAMFS_TRUNCATE : 0),
    };
    return 0;
}

int qmp_guest_file_open(struct agent *agent, const struct args_guest_file_open *arguments,
                        struct reply *reply)
{
    const char *mode_text = arguments->has_mode ? arguments->mode.bytes : "r";
    struct session *owner = handle_owner(agent);
    struct open_mode mode;
    struct ramfs_node *file;
    size_t known;
    int result;

    if (parse_mode(mode_text, &mode) < 0) {
        return reply_error(reply, "invalid file open mode '%s'", mode_text);
    }
    /* Room for the handle first: a file must not be truncated by an open that then fails. */
    known = agent->fs.node_count;
    if (owner != NULL && owner->handles == owner->rules->handles_max) {
        result = -EMFILE;
    } else {
        result = buffer_reserve(&agent->handles, sizeof(struct file_handle));
    }
    if (result >= 0) {
        result = ramfs_open(&agent->fs, arguments->path.bytes, mode.flags, &file);
    }
    if (result < 0) {
        return reply_error(reply, "failed to open file '%s' (mode: '%s'): %s",
                           arguments->path.bytes, mode_text, ramfs_error_text(result));
    }
    if (agent->fs.node_count > known) {
        file->mode = NEW_FILE_MODE;
    }
    ramfs_hold(file);
    agent->handles.size += sizeof(struct file_handle);
    *handle_at(agent, handle_count(agent) - 1) = (struct file_handle){
        .id = agent->next_handle++,
        .file = file,
        .readable = mode.readable,
        .writable = mode.writable,
        .append = mode.append,
        .owner = owner,
    };
    agent->open_handles++;
    if (owner != NULL) {
        owner->handles++;
    }
    reply_int(reply, agent->next_handle - 1);
    return 0;
}

void agent_close_handles(struct agent *agent)
{
    for (size_t i = 0; i < handle_count(agent); i++) {
        if (handle_at(agent, i)->file != NULL) {
            close_handle(agent, handle_at(agent, i));
        }
    }
    buffer_free(&agent->handles);
}

int qmp_guest_file_close(struct agent *agent, const struct args_guest_file_close *arguments,
                         struct reply *reply)
{
    struct file_handle *handle = agent_find_handle(agent, arguments->handle, reply);

    if (handle == NULL) {
        return -EINVAL;
    }
    close_handle(agent, handle);
    compact_handles(agent);
    return 0;
}

int qmp_guest_file_flush(struct agent *agent, const struct args_guest_file_flush *arguments,
                         struct reply *reply)
{
    return agent_find_handle(agent, arguments->handle, reply) == NULL ? -EINVAL : 0;
}

/* ---- Read ------------------------------------------------------------------------------ */

int qmp_guest_file_read(struct agent *agent, const struct args_guest_file_read *arguments,
                        struct reply *reply)
{
    struct file_handle *handle = agent_find_handle(agent, arguments->handle, reply);
    int64_t wanted = arguments->has_count ? arguments->count : READ_COUNT_DEFAULT;
    uint64_t left;
    size_t count;

    if (handle == NULL) {
        return -EINVAL;
    }
    if (wanted < 0 || wanted > READ_COUNT_MAX) {
        return reply_error(reply, "value '%" PRId64 "' is invalid for argument count", wanted);
    }
    if (wanted > 0 && (!handle->readable || handle->file->is_directory)) {
        return reply_error(reply, "failed to read file: %s",
                           ramfs_error_text(handle->readable ? EISDIR : EBADF));
    }
    left = handle->position < handle->file->size ? handle->file->size - handle->position : 0;
    count = (uint64_t)wanted < left ? (size_t)wanted : (size_t)left;
    reply_object_begin(reply);
    reply_key(reply, "count");
    reply_int(reply, (int64_t)count);
    reply_key(reply, "buf-b64");
    reply_file(reply, &agent->fs, handle->file, handle->position, count);
    reply_key(reply, "eof");
    reply_bool(reply, count < (size_t)wanted); /* as feof(): only a read that came up short */
    reply_object_end(reply);
    handle->position += count;
    return 0;
}

/* ---- Write ----------------------------------------------------------------------------- */

static int reply_written(struct reply *reply, uint64_t count)
{
    reply_object_begin(reply);
    reply_key(reply, "count");
    reply_int(reply, (int64_t)count);
    reply_key(reply, "eof");
    reply_bool(reply, false);
    reply_object_end(reply);
    return 0;
}

/* Decodes up to `count` bytes into the file's own pages; their number, or -EINVAL. */
static int64_t decode_to_file(struct base64_decoder *decoder, struct ramfs_node *file,
                              uint64_t offset, uint64_t count)
{
    uint64_t done = 0;

    while (done < count) {
        uint8_t *room;
        size_t span = ramfs_span(file, offset + done, &room);
        int64_t decoded;

        if (span > count - done) {
            span = (size_t)(count - done);
        }
        decoded = base64_decode(decoder, room, span);
        if (decoded < 0) {
            return decoded;
        }
        done += (uint64_t)decoded;
        if ((size_t)decoded < span) {
            break;
        }
    }
    return (int64_t)done;
}

static int bad_base64(struct reply *reply)
{
    return reply_error(reply, "Base64 data contains invalid characters");
}

int qmp_guest_file_write(struct agent *agent, const struct args_guest_file_write *arguments,
                         struct reply *reply)
{
    struct file_handle *handle = agent_find_handle(agent, arguments->handle, reply);
    const struct args_string *input = &arguments->buf_b64;
    struct base64_decoder decoder;
    uint64_t offset;
    uint64_t room;
    int64_t count;
    int result;

    if (handle == NULL) {
        return -EINVAL;
    }
    offset = handle->append ? handle->file->size : handle->position;
    room = BASE64_DECODED_MAX(input->length);
    /*
     * Decoding goes straight into the file.  Where that would overwrite what is there, or where
     * only a part is wanted, all of the input is judged beforehand; behind the end of the file
     * whatever turns out to be wrong is simply cut off again.
     */
    if (arguments->has_count || offset < handle->file->size || !handle->writable) {
        count = base64_decoded_length(input->bytes, input->length);
        if (count < 0) {
            return bad_base64(reply);
        }
        if (arguments->has_count && (arguments->count < 0 || arguments->count > count)) {
            return reply_error(reply, "value '%" PRId64 "' is invalid for argument count",
                               arguments->count);
        }
        room = (uint64_t)(arguments->has_count ? arguments->count : count);
        if (room > 0 && !handle->writable) {
            return reply_error(reply, "failed to write to file: %s", ramfs_error_text(EBADF));
        }
    }
    result = ramfs_reserve(&agent->fs, handle->file, offset, room);
    if (result < 0) {
        return reply_error(reply, "failed to write to file: %s", ramfs_error_text(result));
    }
    base64_decoder_init(&decoder, agent_base64_tables(agent, input->length), input->bytes,
                        input->length);
    count = decode_to_file(&decoder, handle->file, offset, room);
    if (count >= 0 && !arguments->has_count) {
        uint8_t none;

        /* What is left is no byte more, but it may be no base64 either. */
        count = base64_decode(&decoder, &none, 1) < 0 ? -EINVAL : count;
    }
    ramfs_written(&agent->fs, handle->file, offset, room, count < 0 ? 0 : (uint64_t)count);
    if (count < 0) {
        return bad_base64(reply);
    }
    if (count > 0) {
        handle->position = offset + (uint64_t)count;
    }
    return reply_written(reply, (uint64_t)count);
}

/* ---- Seek ------------------------------------------------------------------------------ */

/* `offset` counted from `base`, as lseek(2) judges it. */
static int seek_target(uint64_t base, int64_t offset, uint64_t *target)
{
    if (offset < 0 && (uint64_t)0 - (uint64_t)offset > base) {
        return -EINVAL;
    }
    *target = base + (uint64_t)offset;
    return *target > INT64_MAX ? -EOVERFLOW : 0;
}

int qmp_guest_file_seek(struct agent *agent, const struct args_guest_file_seek *arguments,
                        struct reply *reply)
{
    const struct guest_file_whence *whence = &arguments->whence;
    struct file_handle *handle = agent_find_handle(agent, arguments->handle, reply);
    int64_t code =
        whence->branch == GUEST_FILE_WHENCE_NAME ? (int64_t)whence->u.name : whence->u.value;
    uint64_t base;
    uint64_t target;
    int result;

    if (handle == NULL) {
        return -EINVAL;
    }
    switch (code) {
    case QGA_SEEK_SET:
        base = 0;
        break;
    case QGA_SEEK_CUR:
        base = handle->position;
        break;
    case QGA_SEEK_END:
        base = handle->file->size;
        break;
    default:
        return reply_error(reply, "invalid whence code %" PRId64, code);
    }
    result = seek_target(base, arguments->offset, &target);
    if (result < 0) {
        return reply_error(reply, "failed to seek file: %s", ramfs_error_text(result));
    }
    handle->position = target;
    reply_object_begin(reply);
    reply_key(reply, "position");
    reply_int(reply, (int64_t)handle->position);
    reply_key(reply, "eof");
    reply_bool(reply, false);
    reply_object_end(reply);
    return 0;
}
