/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One reply, as a command writes it.  Output looks as QEMU's qobject_to_json() prints: ", " and
 * ": " between members, pure ASCII, one line.
 */
#ifndef AGENT_REPLY_H
#define AGENT_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "json.h"

/* Room that a reply always has, so that "out of memory" can be said. */
#define REPLY_ROOM_MIN 4096u

struct ramfs;
struct ramfs_node;

struct reply {
    struct buffer text;
    bool needs_comma;
    bool out_of_memory;
    bool delimited;          /* guest-sync-delimited: a byte 0xFF goes before the reply */
    const char *error_class; /* NULL while there is no error */
    struct buffer error_desc;

    /* File content that is encoded on its way out: it goes to text offset `file_at`. */
    struct ramfs_node *file; /* held, of `fs` */
    struct ramfs *fs;
    uint64_t file_offset;
    size_t file_bytes;
    size_t file_at;
};

/* Returns 0, or -ENOMEM after which reply_free() is still due. */
int reply_init(struct reply *reply, const struct platform *platform);
/* Gives the memory back. */
void reply_free(struct reply *reply);
/* Empties the reply and keeps at most `keep` bytes of room, or REPLY_ROOM_MIN. */
void reply_reset(struct reply *reply, size_t keep);

/* Values, in the order in which they stand; commas and spaces come by themselves. */
void reply_object_begin(struct reply *reply);
void reply_object_end(struct reply *reply);
void reply_array_begin(struct reply *reply);
void reply_array_end(struct reply *reply);
void reply_key(struct reply *reply, const char *name);
/* `text` may hold any bytes; what is no UTF-8 becomes U+FFFD. */
void reply_string(struct reply *reply, const char *text, size_t length);
/* The same for a text that ends with NUL. */
void reply_c_string(struct reply *reply, const char *text);
void reply_int(struct reply *reply, int64_t value);
void reply_uint(struct reply *reply, uint64_t value);
void reply_double(struct reply *reply, double value);
void reply_bool(struct reply *reply, bool value);
/* A value of the request, printed back. */
void reply_json(struct reply *reply, const struct json *json, uint32_t token);
/*
 * A string of base64 with `count` bytes of `file` from `offset`, read when the host takes them;
 * one per reply, which holds the file meanwhile.  What is cut off it until then reads as zeros.
 */
void reply_file(struct reply *reply, struct ramfs *fs, struct ramfs_node *file, uint64_t offset,
                size_t count);
/* A string of base64 with all that is in `file` now. */
void reply_base64(struct reply *reply, const struct ramfs_node *file);
/* Forgets the file of reply_file(), if there is one. */
void reply_drop_file(struct reply *reply);

/*
 * Makes the reply an error of class GenericError; printf-like.  Returns -EINVAL, so that a
 * command can `return reply_error(...)`.
 */
int reply_error(struct reply *reply, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same of another class, a string that outlives the reply. */
int reply_error_class(struct reply *reply, const char *error_class, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Takes the error back. */
void reply_forget_error(struct reply *reply);
/* The same of class CommandNotFound. */
int reply_error_not_found(struct reply *reply, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
