// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own table of symbols in a core: kx/kallsyms.h.  It knows what
 * scripts/kallsyms.c writes and kernel/kallsyms.c reads.  Called by core-pages-free.c.
 *
 *	kallsyms_names		per symbol a length and so many tokens; since 6.1 a
 *				length of 128 and more has two bytes
 *	kallsyms_token_table	what the 256 tokens stand for, each with a NUL
 *	kallsyms_token_index	where in the table each of them begins: 16 bits
 *	kallsyms_offsets	per symbol 32 bits, see address()
 *
 * The first character of a name is its type, as nm(1) has it.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kx/kallsyms.h"

#define TOKENS		256u
#define INDEX_LEN	(TOKENS * 2)
/* The last token begins below 2^16, and none is as long as this. */
#define TABLE_LEN	(0x10000u + 64)

/* A large kernel has 300000, in 5 MiB. */
#define SYMBOLS_MAX	(1u << 24)
#define NAMES_LEN_MAX	(256ULL << 20)
#define BUF_LEN		0x10000u

/* Type and name that are compared; longer ones are none of those. */
#define NAME_MAX_LEN	64u

struct table {
	const struct kx_core_va *va;
	uint64_t names_va, offsets_va, stext_va;
	uint64_t base;
	bool has_base;
	uint32_t count;
	uint16_t index[TOKENS];
	uint8_t *tokens;
	uint32_t tokens_len;
};

/* Symbols that are looked for: their numbers. */
struct wanted {
	const char *name;
	uint32_t nr;
	bool found;
};

/* ---- reading -------------------------------------------------------------------- */

static int read_le32(const struct table *t, uint64_t va, uint32_t *ret, struct kx_err *err)
{
	uint8_t b[4];
	int r = kx_core_va_read(t->va, va, b, sizeof(b), err);

	if (r == 0 && !kx_bytes_le32((struct kx_bytes){ b, sizeof(b) }, 0, ret))
		r = kx_err_set(err, EIO, "four bytes are less");
	return r;
}

static int read_tokens(struct table *t, uint64_t table_va, uint64_t index_va, struct kx_arena *a,
		       struct kx_err *err)
{
	uint8_t b[INDEX_LEN];
	uint16_t last = 0;
	int r = kx_core_va_read(t->va, index_va, b, sizeof(b), err);

	if (r < 0)
		return kx_err_wrap(err, "kallsyms_token_index");
	for (uint32_t i = 0; i < TOKENS; i++) {
		if (!kx_bytes_le16((struct kx_bytes){ b, sizeof(b) }, i * 2, &t->index[i]) ||
		    (i && t->index[i] <= last))
			return kx_err_set(err, EINVAL, "kallsyms_token_index: token %u: expected more"
					  " than %u, have %u", i, last, t->index[i]);
		last = t->index[i];
	}
	t->tokens_len = last + (TABLE_LEN - 0x10000);
	t->tokens = kx_arena_alloc_raw(a, t->tokens_len);
	if (!t->tokens)
		return kx_err_set(err, ENOMEM, "no memory for %" PRIu32 " bytes", t->tokens_len);
	r = kx_core_va_read(t->va, table_va, t->tokens, t->tokens_len, err);
	return r < 0 ? kx_err_wrap(err, "kallsyms_token_table") : 0;
}

static int open_table(struct table *t, struct kx_bytes text, struct kx_arena *a,
		      struct kx_err *err)
{
	uint64_t count_va = 0, table_va = 0, index_va = 0, base_va;
	uint8_t b[8];
	int r;

	r = kx_vmcoreinfo_symbol(text, "kallsyms_names", &t->names_va, err);
	if (r == 0)
		r = kx_vmcoreinfo_symbol(text, "kallsyms_num_syms", &count_va, err);
	if (r == 0)
		r = kx_vmcoreinfo_symbol(text, "kallsyms_token_table", &table_va, err);
	if (r == 0)
		r = kx_vmcoreinfo_symbol(text, "kallsyms_token_index", &index_va, err);
	if (r == 0)
		r = kx_vmcoreinfo_symbol(text, "kallsyms_offsets", &t->offsets_va, err);
	if (r == 0)
		r = kx_vmcoreinfo_symbol(text, "_stext", &t->stext_va, err);
	if (r == 0)
		r = read_le32(t, count_va, &t->count, err);
	if (r < 0)
		return r;
	if (!t->count || t->count > SYMBOLS_MAX)
		return kx_err_set(err, EINVAL, "kallsyms_num_syms: expected 1 to %u, have %" PRIu32,
				  SYMBOLS_MAX, t->count);
	if (kx_vmcoreinfo_symbol(text, "kallsyms_relative_base", &base_va, NULL) == 0) {
		r = kx_core_va_read(t->va, base_va, b, sizeof(b), err);
		if (r < 0)
			return kx_err_wrap(err, "kallsyms_relative_base");
		t->has_base = kx_bytes_le64((struct kx_bytes){ b, sizeof(b) }, 0, &t->base);
	}
	return read_tokens(t, table_va, index_va, a, err);
}

/* ---- names ---------------------------------------------------------------------- */

/* A name that is cut off has no NUL: it is as long as there is room. */
static size_t expand(const struct table *t, const uint8_t *token, size_t n, char *to)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		for (uint32_t at = t->index[token[i]]; at < t->tokens_len && t->tokens[at]; at++) {
			if (len == NAME_MAX_LEN)
				return len;
			to[len++] = (char)t->tokens[at];
		}
	return len;
}

static bool is_name(const char *full, size_t len, const char *name)
{
	return len == strlen(name) + 1 && len < NAME_MAX_LEN && !memcmp(full + 1, name, len - 1);
}

/* Where a symbol's tokens are in what is left of the buffer, and how many; 0: not all is there. */
static size_t tokens_of(struct kx_bytes b, size_t *ret_n)
{
	size_t head = 1, n;

	if (!b.len)
		return 0;
	n = b.data[0];
	if (n & 0x80) {
		if (b.len < 2)
			return 0;
		n = (n & 0x7f) | (size_t)b.data[1] << 7;
		head = 2;
	}
	*ret_n = n;
	return n <= b.len - head ? head : 0;
}

/* Moves what is left to the front, and reads as much as fits or the memory has behind it. */
static int refill(const struct table *t, uint8_t *buf, struct kx_bytes *left, uint64_t *va,
		  struct kx_err *err)
{
	size_t want = BUF_LEN - left->len;
	struct kx_err why = { .code = 0 };
	int r;

	memmove(buf, left->data, left->len);
	r = kx_core_va_read(t->va, *va, buf + left->len, want, &why);
	/* The table may be the last that is mapped. */
	while ((r == -ENXIO || r == -ENODATA) && want > 1) {
		want /= 2;
		r = kx_core_va_read(t->va, *va, buf + left->len, want, &why);
	}
	if (r < 0)
		return kx_err_set(err, -r, "kallsyms_names: %s", why.text);
	*left = (struct kx_bytes){ buf, left->len + want };
	*va += want;
	return 0;
}

/* One pass over all names. */
static int find(const struct table *t, struct wanted *w, size_t count, uint8_t *buf,
		struct kx_err *err)
{
	struct kx_bytes left = { buf, 0 };
	uint64_t va = t->names_va;
	size_t found = 0;

	for (uint32_t nr = 0; nr < t->count && found < count; nr++) {
		char full[NAME_MAX_LEN];
		size_t n = 0, len, head = tokens_of(left, &n);

		while (!head) {
			int r = refill(t, buf, &left, &va, err);

			if (r < 0)
				return r;
			if (va - t->names_va > NAMES_LEN_MAX)
				return kx_err_set(err, EINVAL, "kallsyms_names: expected at most %llu"
						  " bytes, have more", NAMES_LEN_MAX);
			head = tokens_of(left, &n);
		}
		len = expand(t, left.data + head, n, full);
		for (size_t i = 0; i < count; i++)
			if (!w[i].found && is_name(full, len, w[i].name)) {
				w[i].nr = nr;
				w[i].found = true;
				found++;
			}
		left.data += head + n;
		left.len -= head + n;
	}
	for (size_t i = 0; i < count; i++)
		if (!w[i].found)
			return kx_err_set(err, ENOENT, "kallsyms: expected symbol %s, have none of %"
					  PRIu32, w[i].name, t->count);
	return 0;
}

/* ---- addresses ------------------------------------------------------------------- */

/*
 * Three ways, in the order of kallsyms_sym_address()'s history; 0: there is no such.
 *	0  offsets of kallsyms_relative_base
 *	1  with CONFIG_KALLSYMS_ABSOLUTE_PERCPU (x86_64 to 6.14): those below zero are,
 *	   counted backwards; others are addresses
 *	2  since 7.0, when there is no base: from the offset's own place
 */
static uint64_t address(const struct table *t, unsigned int way, uint32_t nr, uint32_t offset)
{
	uint64_t wide = offset & 0x80000000 ? offset | 0xffffffff00000000 : offset;

	if (way == 0)
		return t->has_base ? t->base + offset : 0;
	if (way == 1 && wide == offset)
		return offset;
	if (way == 1)
		return t->has_base ? t->base - 1 - wide : 0;
	return t->has_base ? 0 : t->offsets_va + 4ULL * nr + wide;
}

/* Which way it is, _stext shows. */
static int resolve(const struct table *t, const struct wanted *w, const struct wanted *stext,
		   uint64_t *ret, struct kx_err *err)
{
	uint32_t offset = 0, known = 0;
	int r;

	r = read_le32(t, t->offsets_va + 4ULL * w->nr, &offset, err);
	if (r == 0)
		r = read_le32(t, t->offsets_va + 4ULL * stext->nr, &known, err);
	if (r < 0)
		return kx_err_wrap(err, "kallsyms_offsets");
	for (unsigned int way = 0; way < 3; way++)
		if (address(t, way, stext->nr, known) == t->stext_va) {
			*ret = address(t, way, w->nr, offset);
			return 0;
		}
	return kx_err_set(err, EINVAL, "kallsyms_offsets: expected _stext at 0x%" PRIx64 ", have offset"
			  " 0x%" PRIx32 " of base 0x%" PRIx64, t->stext_va, known, t->base);
}

int kx_kallsyms_find(const struct kx_core_va *va, struct kx_bytes vmcoreinfo, const char *name,
		     struct kx_arena *a, uint64_t *ret, struct kx_err *err)
{
	struct wanted w[] = { { .name = name }, { .name = "_stext" } };
	struct table t = { .va = va };
	uint8_t *buf;
	int r;

	r = open_table(&t, vmcoreinfo, a, err);
	if (r < 0)
		return r;
	buf = kx_arena_alloc_raw(a, BUF_LEN);
	if (!buf)
		return kx_err_set(err, ENOMEM, "no memory for %u bytes", BUF_LEN);
	r = find(&t, w, 2, buf, err);
	kx_arena_release(a, buf);
	kx_arena_release(a, t.tokens);
	return r == 0 ? resolve(&t, &w[0], &w[1], ret, err) : r;
}
