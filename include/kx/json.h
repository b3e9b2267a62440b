/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text that is built in memory, and a JSON writer on top of it.
 *
 * kx_text grows in an arena; failure to grow is sticky and reported once by
 * kx_text_str().  The JSON writer indents by two spaces and puts the commas.
 */
#ifndef KX_JSON_H
#define KX_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/arena.h"
#include "kx/err.h"

struct kx_text {
	struct kx_arena *arena;
	char *p;
	size_t len, cap;
	bool bad;
};

void kx_text_init(struct kx_text *t, struct kx_arena *a);
void kx_text_add(struct kx_text *t, const char *fmt, ...) KX_PRINTF(2, 3);
void kx_text_raw(struct kx_text *t, const char *s, size_t n);
/* Forget what was written so far, not its memory: whoever took it goes on. */
void kx_text_clear(struct kx_text *t);
/* The NUL-terminated text, owned by the arena; NULL if memory ran out. */
const char *kx_text_str(const struct kx_text *t);

struct kx_json {
	struct kx_text *t;
	unsigned int depth;
	bool need_comma;
};

void kx_json_init(struct kx_json *j, struct kx_text *t);
/* @name is NULL inside an array and for the outermost value. */
void kx_json_object(struct kx_json *j, const char *name);
void kx_json_object_end(struct kx_json *j);
void kx_json_array(struct kx_json *j, const char *name);
void kx_json_array_end(struct kx_json *j);
void kx_json_str(struct kx_json *j, const char *name, const char *value);	/* NULL: null */
/* A string that may have NULs in it. */
void kx_json_bytes(struct kx_json *j, const char *name, struct kx_bytes value);
void kx_json_u64(struct kx_json *j, const char *name, uint64_t value);
void kx_json_hex(struct kx_json *j, const char *name, uint64_t value);		/* "0x…" string */
void kx_json_bool(struct kx_json *j, const char *name, bool value);

#endif
