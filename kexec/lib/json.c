/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A JSON writer (RFC 8259) on top of struct kx_text: two spaces per level, one
 * value per line.  Used by --plan=json and --status=json.
 */
#include <inttypes.h>
#include <string.h>

#include "kx/json.h"

void kx_json_init(struct kx_json *j, struct kx_text *t)
{
	*j = (struct kx_json){ .t = t };
}

static void json_newline(struct kx_json *j)
{
	kx_text_raw(j->t, "\n", 1);
	for (unsigned int i = 0; i < j->depth; i++)
		kx_text_raw(j->t, "  ", 2);
}

/*
 * Bytes of the well-formed UTF-8 sequence at @s, of which there are @left bytes, 0
 * if it is none (RFC 3629: no overlong forms, no surrogates, nothing above
 * U+10FFFF).
 */
static size_t utf8_len(const unsigned char *s, size_t left)
{
	size_t n = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;

	if (s[0] < 0x80)
		return 1;
	if (n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* Paths and command lines may hold any byte; what is not text becomes U+FFFD. */
static void json_quote(struct kx_text *t, struct kx_bytes value)
{
	const unsigned char *s = value.data, *end = s + value.len;

	kx_text_raw(t, "\"", 1);
	while (s < end) {
		size_t n = utf8_len(s, (size_t)(end - s));

		if (n == 0)
			kx_text_raw(t, "\\ufffd", 6);
		else if (*s == '"' || *s == '\\')
			kx_text_add(t, "\\%c", *s);
		else if (*s < 0x20 || *s == 0x7f)
			kx_text_add(t, "\\u%04x", *s);
		else
			kx_text_raw(t, (const char *)s, n);
		s += n ? n : 1;
	}
	kx_text_raw(t, "\"", 1);
}

static struct kx_bytes string_bytes(const char *s)
{
	return (struct kx_bytes){ (const uint8_t *)s, strlen(s) };
}

/* Everything before a value: comma, new line, name. */
static void json_begin(struct kx_json *j, const char *name)
{
	if (j->need_comma)
		kx_text_raw(j->t, ",", 1);
	if (j->depth)
		json_newline(j);
	if (name) {
		json_quote(j->t, string_bytes(name));
		kx_text_raw(j->t, ": ", 2);
	}
	j->need_comma = true;
}

static void json_open(struct kx_json *j, const char *name, const char *bracket)
{
	json_begin(j, name);
	kx_text_raw(j->t, bracket, 1);
	j->depth++;
	j->need_comma = false;
}

static void json_close(struct kx_json *j, const char *bracket)
{
	j->depth--;
	/* need_comma says that something is inside; "{}" stays on its line. */
	if (j->need_comma)
		json_newline(j);
	kx_text_raw(j->t, bracket, 1);
	if (j->depth == 0)
		kx_text_raw(j->t, "\n", 1);
	j->need_comma = j->depth > 0;
}

void kx_json_object(struct kx_json *j, const char *name)
{
	json_open(j, name, "{");
}

void kx_json_object_end(struct kx_json *j)
{
	json_close(j, "}");
}

void kx_json_array(struct kx_json *j, const char *name)
{
	json_open(j, name, "[");
}

void kx_json_array_end(struct kx_json *j)
{
	json_close(j, "]");
}

void kx_json_str(struct kx_json *j, const char *name, const char *value)
{
	json_begin(j, name);
	if (value)
		json_quote(j->t, string_bytes(value));
	else
		kx_text_raw(j->t, "null", 4);
}

void kx_json_bytes(struct kx_json *j, const char *name, struct kx_bytes value)
{
	json_begin(j, name);
	json_quote(j->t, value);
}

void kx_json_u64(struct kx_json *j, const char *name, uint64_t value)
{
	json_begin(j, name);
	kx_text_add(j->t, "%" PRIu64, value);
}

void kx_json_hex(struct kx_json *j, const char *name, uint64_t value)
{
	json_begin(j, name);
	kx_text_add(j->t, "\"0x%" PRIx64 "\"", value);
}

void kx_json_bool(struct kx_json *j, const char *name, bool value)
{
	const char *word = value ? "true" : "false";

	json_begin(j, name);
	kx_text_raw(j->t, word, strlen(word));
}
