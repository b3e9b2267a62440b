/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The notes of a kernel that can be entered again, in the next one's
 * /proc/vmcore or in a file: doc/resumable-core.md.
 *
 * The layout of their descriptors is purgatory/context-note.h; this is what both
 * sides of kexec, and vmcore-dump, make of them.
 */
#ifndef KX_CONTEXT_H
#define KX_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/arena.h"
#include "kx/bytes.h"
#include "kx/core.h"
#include "kx/err.h"
#include "kx/range.h"
#include "purgatory/context-note.h"

/* Lengths of the descriptors. */
#define KX_CONTEXT_LEN		256u
#define KX_CONTEXT_STATE_LEN	128u
#define KX_CONTEXT_MAP_LEN	48u	/* without its runs */
#define KX_CONTEXT_RUN_LEN	24u
#define KX_CONTEXT_INTEGRITY_LEN	16u	/* without its chunks */

struct kx_context {
	uint16_t machine;		/* KX_ELF_* */
	enum context_source source;
	enum context_entry entry_kind;
	bool filled;			/* entry and value are valid */
	uint64_t entry;
	uint64_t value[CONTEXT_VALUES];
	uint64_t boot_cpu;		/* CONTEXT_CPU_UNKNOWN */
	uint64_t page_size;
	struct kx_range window;
	uint8_t boot_id[16];
	uint8_t ram_map[32];
	char release[CONTEXT_RELEASE_LEN];
};

struct kx_context_map {
	enum context_status status;
	uint64_t page_size;
	uint64_t page_count;		/* in the kernel's list */
	uint64_t list_head;
	uint64_t capacity;		/* runs there is room for */
	struct context_run *run;	/* sorted by dst_pa, disjoint; arena */
	size_t run_count;
};

struct kx_context_chunk {
	struct kx_range pa;
	struct kx_bytes digest;		/* borrows from the note */
};

struct kx_context_integrity {
	enum context_digest digest;
	struct kx_context_chunk *chunk;	/* ascending, disjoint; arena */
	size_t chunk_count;
};

/* All notes of ours that a core has. */
struct kx_contexts {
	bool has_context, has_state, has_map, has_integrity;
	struct kx_context context;
	struct context_state state;
	struct kx_context_map map;
	struct kx_context_integrity integrity;
};

/*
 * A descriptor to a struct and back.  Every error names the field, what was
 * expected and what is there:
 *   -ENOEXEC     malformed
 *   -EOPNOTSUPP  a version, source or entry from later
 *   -ENOMEM
 * *ret untouched on error.
 */
KX_CHECKED int kx_context_parse(struct kx_bytes b, struct kx_context *ret, struct kx_err *err);
KX_CHECKED int kx_context_state_parse(struct kx_bytes b, struct context_state *ret,
				      struct kx_err *err);
KX_CHECKED int kx_context_map_parse(struct kx_bytes b, struct kx_arena *a,
				    struct kx_context_map *ret, struct kx_err *err);
KX_CHECKED int kx_context_integrity_parse(struct kx_bytes b, struct kx_arena *a,
					  struct kx_context_integrity *ret, struct kx_err *err);

/*
 * What the sleeping kernel's memory is read through, NULL: as the core has it.  The
 * map of one that is kept in memory says where its pages go back to, and the
 * PT_LOADs say the same to who reads them.
 */
static inline const struct kx_context_map *kx_contexts_map(const struct kx_contexts *c)
{
	return c->has_map && c->context.source != CONTEXT_SOURCE_SNAPSHOT ? &c->map : NULL;
}

/* Every note of ours in @c, each at most once; *ret has none if there is none. */
KX_CHECKED int kx_contexts_read(const struct kx_core *c, struct kx_arena *a,
				struct kx_contexts *ret, struct kx_err *err);

/*
 * One note, header to padded descriptor: @desc_len zeros to fill in behind
 * CONTEXT_NOTE_DESC.  @to has KX_CONTEXT_NOTE_LEN(desc_len) bytes, which are a
 * multiple of 8.
 */
#define KX_CONTEXT_NOTE_LEN(desc_len)	(CONTEXT_NOTE_DESC + ((uint64_t)(desc_len) + 7) / 8 * 8)
void kx_context_note_build(uint8_t *to, uint32_t type, uint32_t desc_len);

/* Into the descriptor of such a note: KX_CONTEXT_LEN bytes. */
void kx_context_build(const struct kx_context *c, uint8_t *desc);
/* Version and page size of a blank STATE, MAP; the rest stays as it is. */
void kx_context_state_blank(uint8_t *desc);
void kx_context_map_blank(uint8_t *desc, uint64_t page_size);

/*
 * @len bytes of the sleeping kernel's physical memory: those the map has, from
 * where their backup is.  @map NULL: as the core has them.  As kx_core_read().
 */
KX_CHECKED int kx_context_memory_read(const struct kx_core *c, const struct kx_context_map *map,
				      uint64_t pa, void *to, size_t len, struct kx_err *err);

#endif
