/* SPDX-License-Identifier: BSD-2-Clause */
#include "document.h"

#include <errno.h>
#include <string.h>

#include "framer.h"
#include "reply.h"

void document_init(struct document *document, const struct platform *platform)
{
    buffer_init(&document->text, platform);
    buffer_init(&document->strings, platform);
    json_init(&document->json, platform);
}

void document_free(struct document *document)
{
    json_free(&document->json);
    buffer_free(&document->strings);
    buffer_free(&document->text);
}

static int refuse(struct reply *reply, int error, const char *why)
{
    reply_error(reply, "%s", why);
    return error;
}

static bool is_blank(const uint8_t *bytes, size_t size)
{
    while (size > 0 && strchr(" \t\r\n", bytes[size - 1]) != NULL && bytes[size - 1] != '\0') {
        size--;
    }
    return size == 0;
}

/* Feeds the framer everything; it holds the document if the result is 0. */
static int frame(struct framer *framer, const uint8_t *bytes, size_t size, struct reply *reply)
{
    enum framer_event event;
    size_t used = framer_feed(framer, bytes, size, &event);

    if (event == FRAMER_ERROR) {
        reply_error(reply, "%.*s", (int)framer->error_length, framer->error);
        return -EINVAL;
    }
    if (event == FRAMER_MORE) {
        return refuse(reply, -EINVAL, "JSON parse error, the text ends before its object does");
    }
    if (!is_blank(bytes + used, size - used)) {
        return refuse(reply, -EINVAL, "JSON parse error, there is more text behind the object");
    }
    return 0;
}

/* Tokenizes what the framer holds and takes its stores over. */
static int take(struct document *document, struct framer *framer, struct reply *reply)
{
    int result = json_tokenize(&document->json, framer);

    if (result < 0) {
        json_reset(&document->json, 0);
        return refuse(reply, result, "JSON token count limit exceeded");
    }
    document->text = framer->text;
    document->strings = framer->strings;
    buffer_init(&framer->text, document->text.platform);
    buffer_init(&framer->strings, document->text.platform);
    return 0;
}

int document_read(struct document *document, const void *bytes, size_t size, struct reply *reply)
{
    const struct platform *platform = document->text.platform;
    struct framer *framer = platform->resize(platform->ctx, NULL, 0, sizeof(*framer));
    int result;

    if (framer == NULL) {
        return refuse(reply, -ENOMEM, "Out of memory");
    }
    framer_init(framer, platform);
    result = frame(framer, bytes, size, reply);
    if (result == 0) {
        result = take(document, framer, reply);
    }
    framer_free(framer);
    platform->resize(platform->ctx, framer, sizeof(*framer), 0);
    return result;
}

int document_copy(struct document *document, const struct json *json)
{
    if (buffer_append(&document->text, json->text, json->text_length) < 0 ||
        buffer_append(&document->strings, json->strings, json->strings_length) < 0 ||
        json_copy_tokens(&document->json, json) < 0) {
        document_free(document);
        return -ENOMEM;
    }
    document->json.text = (const char *)document->text.data;
    document->json.text_length = document->text.size;
    document->json.strings = document->strings.data;
    document->json.strings_length = document->strings.size;
    return 0;
}
