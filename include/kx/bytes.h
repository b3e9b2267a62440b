/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes that somebody else owns, and the one way to look inside them.
 *
 * struct kx_bytes borrows; the header of whoever hands one out says who owns
 * the memory (usually a struct kx_arena).  File contents are never cast to a
 * struct: read fields through a struct kx_rd, whose failure is sticky, then
 * check @bad once.
 */
#ifndef KX_BYTES_H
#define KX_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/err.h"

struct kx_bytes {
	const uint8_t *data;
	size_t len;
};

#define KX_BYTES_NONE ((struct kx_bytes){ NULL, 0 })

enum kx_endian { KX_LE, KX_BE };

struct kx_rd {
	struct kx_bytes b;
	size_t off;
	enum kx_endian endian;
	bool bad;		/* a read went past the end; all later reads give 0 */
};

struct kx_rd kx_rd_make(struct kx_bytes b, enum kx_endian endian);
/* Move to absolute offset @off; past the end sets @bad. */
void kx_rd_seek(struct kx_rd *rd, uint64_t off);
void kx_rd_skip(struct kx_rd *rd, uint64_t n);
uint8_t kx_rd_u8(struct kx_rd *rd);
uint16_t kx_rd_u16(struct kx_rd *rd);
uint32_t kx_rd_u32(struct kx_rd *rd);
uint64_t kx_rd_u64(struct kx_rd *rd);
/* The next @n bytes as a view; empty and @bad if there are fewer. */
struct kx_bytes kx_rd_bytes(struct kx_rd *rd, uint64_t n);

/* [off, off+len) of @b; false, and *ret untouched, if it does not lie inside. */
KX_CHECKED bool kx_bytes_sub(struct kx_bytes b, uint64_t off, uint64_t len,
			     struct kx_bytes *ret);
/* Have they the same bytes? */
bool kx_bytes_same(struct kx_bytes a, struct kx_bytes b);
/* Does @b start with the @n bytes at @magic? */
bool kx_bytes_starts(struct kx_bytes b, const void *magic, size_t n);
/* Single fields at an offset; false if outside. */
KX_CHECKED bool kx_bytes_le16(struct kx_bytes b, uint64_t off, uint16_t *ret);
KX_CHECKED bool kx_bytes_le32(struct kx_bytes b, uint64_t off, uint32_t *ret);
KX_CHECKED bool kx_bytes_le64(struct kx_bytes b, uint64_t off, uint64_t *ret);
KX_CHECKED bool kx_bytes_be32(struct kx_bytes b, uint64_t off, uint32_t *ret);

/* Little-endian stores into memory the caller owns. */
void kx_put_le16(uint8_t *p, uint16_t v);
void kx_put_le32(uint8_t *p, uint32_t v);
void kx_put_le64(uint8_t *p, uint64_t v);

#endif
