/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the containers share: a buffer that grows while something is unpacked
 * into it, codecs (compression formats), and sections of PE files.
 *
 * Private to kexec/container and its tests; everybody else uses kx/image.h.
 */
#ifndef KX_CONTAINER_H
#define KX_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/arena.h"
#include "kx/bytes.h"
#include "kx/err.h"
#include "kx/image.h"

/* ---- unpacking (unpack.c) ---------------------------------------------- */

/*
 * The result of unpacking, one block of the arena.  Memory that was not
 * written to is not resident, and growing a large block moves pages, not
 * bytes, so the room may be guessed generously.
 */
struct kx_out {
	struct kx_arena *arena;
	uint8_t *data;
	size_t len;		/* bytes unpacked */
	size_t cap;
	uint64_t max;		/* no more than this is ever unpacked */
	uint64_t hint;		/* what the file says it unpacks to; 0 unknown */
};

void kx_out_init(struct kx_out *o, struct kx_arena *a, uint64_t max);
/*
 * Room for at least one more byte; the first call takes the hint, within
 * reason for @packed bytes of input.  -ENOEXEC: o->max reached; -ENOMEM.
 */
KX_CHECKED int kx_out_grow(struct kx_out *o, size_t packed, struct kx_err *err);
/*
 * Room for @n more bytes, or for as many as o->max allows if that is less.
 * -ENOEXEC: o->max reached already; -ENOMEM.
 */
KX_CHECKED int kx_out_reserve(struct kx_out *o, uint64_t n, struct kx_err *err);
/* -ENOEXEC with the sentence about o->max. */
int kx_out_too_large(const struct kx_out *o, struct kx_err *err);

/*
 * A compression format.  unpack() appends everything in @in to @out;
 * -ENOEXEC: malformed, truncated or too large; -EOPNOTSUPP: a variant that is
 * not supported; -ENOMEM.
 */
struct kx_codec {
	const char *name;
	bool (*probe)(struct kx_bytes b);
	int (*unpack)(struct kx_bytes in, struct kx_out *out, struct kx_err *err);
};

extern const struct kx_codec kx_codec_gzip;	/* gzip.c */
extern const struct kx_codec kx_codec_xz;	/* xz.c */
extern const struct kx_codec kx_codec_lzma;	/* xz.c */
extern const struct kx_codec kx_codec_zstd;	/* zstd.c */
extern const struct kx_codec kx_codec_lz4;	/* lz4.c */

/*
 * Unpack @b into one block of @a, exactly as long as its content.  @hint: how
 * much it will be, untrusted, 0 if unknown.  Errors of unpack().
 */
KX_CHECKED int kx_codec_unpack(const struct kx_codec *codec, struct kx_bytes b, uint64_t hint,
			       uint64_t max, struct kx_arena *a, struct kx_bytes *ret,
			       struct kx_err *err);

/*
 * What may stand behind the last stream of a packed file, from @off in @in:
 * nothing, zeros (padding of sections and partitions), or @unpacked as a
 * little-endian 32-bit number, which the kernel's build appends for its
 * self-extracting images (scripts/Makefile.lib, "append_size").  -ENOEXEC.
 */
KX_CHECKED int kx_codec_tail(struct kx_bytes in, size_t off, uint64_t unpacked,
			     struct kx_err *err);

/* ---- containers -------------------------------------------------------- */

extern const struct kx_container kx_container_gzip;
extern const struct kx_container kx_container_xz;
extern const struct kx_container kx_container_lzma;
extern const struct kx_container kx_container_zstd;
extern const struct kx_container kx_container_lz4;
extern const struct kx_container kx_container_zboot;	/* zboot.c */
extern const struct kx_container kx_container_uki;	/* uki.c */
extern const struct kx_container kx_container_uimage;	/* uimage.c */

/* ---- PE files (pe.c) --------------------------------------------------- */

#define KX_PE_MAGIC_32		0x10b
#define KX_PE_MAGIC_32_PLUS	0x20b

struct kx_pe {
	struct kx_bytes file;
	uint16_t magic;		/* KX_PE_MAGIC_* */
	uint32_t cert_off;	/* where the signatures are, a file offset */
	uint32_t cert_len;	/* 0 when not signed */
	struct kx_bytes table;	/* the section table */
	size_t section_count;
};

struct kx_pe_section {
	char name[9];		/* NUL-terminated */
	uint32_t virtual_len;
	uint32_t raw_off;
	uint32_t raw_len;
};

/* The headers of a PE file. -ENOEXEC: not one, or its headers are cut off. */
KX_CHECKED int kx_pe_parse(struct kx_bytes b, struct kx_pe *ret, struct kx_err *err);
/* Header of section @i < section_count; nothing of it is checked. */
struct kx_pe_section kx_pe_section_at(const struct kx_pe *pe, size_t i);
/* A section's content in the file, without padding. -ENOEXEC: past the end. */
KX_CHECKED int kx_pe_section_bytes(const struct kx_pe *pe, const struct kx_pe_section *s,
				   struct kx_bytes *ret, struct kx_err *err);

#endif
