/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /proc/iomem into a map: the edge where inclusive ends become half-open.
 *
 * The format is r_show()'s in the kernel's kernel/resource.c:
 *	"%*s%0*llx-%0*llx : %s\n", depth * 2, "", width, start, width, end, name
 * with "<BAD>" for a resource without a name.  Called by sources.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kx/iomem.h"
#include "kx/number.h"

/* How much of a bad line an error quotes. */
#define QUOTE_MAX	60

/*
 * Names with a meaning, from arch/x86/kernel/e820.c e820_type_to_string() and
 * arch/arm64/kernel/setup.c.  "reserved" is how kernels before 4.11 (x86) and
 * arm64 spell it.  Anything else, "System RAM (kmem)" and "System RAM
 * (virtio_mem)" included, is KX_MEM_OTHER: mm/memory_hotplug.c says of that
 * memory that it is managed by its driver and "must not be used" by kexec.
 */
static const struct {
	const char *name;
	enum kx_mem_type type;
} types[] = {
	{ "System RAM",			KX_MEM_RAM },
	{ "Reserved",			KX_MEM_RESERVED },
	{ "reserved",			KX_MEM_RESERVED },
	{ "ACPI Tables",		KX_MEM_ACPI },
	{ "ACPI Non-volatile Storage",	KX_MEM_NVS },
	{ "Unusable memory",		KX_MEM_UNUSABLE },
	{ "Persistent Memory",		KX_MEM_PMEM },
	{ "Persistent Memory (legacy)",	KX_MEM_PRAM },
	{ "Soft Reserved",		KX_MEM_SOFT_RESERVED },
};

enum kx_mem_type kx_iomem_type(const char *name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(name, types[i].name))
			return types[i].type;
	return KX_MEM_OTHER;
}

/* What is left of one line. */
struct cursor {
	const char *p, *end;
};

static size_t left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

/* 1 to 16 lower-case hexadecimal digits, as %llx prints them. */
static bool take_hex(struct cursor *c, uint64_t *ret)
{
	char digits[17];
	size_t n = 0;

	while (n < left(c) && n < 16 && c->p[n] && strchr("0123456789abcdef", c->p[n]))
		n++;
	memcpy(digits, c->p, n);
	digits[n] = 0;
	c->p += n;
	return n > 0 && kx_number_parse(digits, 16, ret, NULL) == 0;
}

static bool take(struct cursor *c, const char *s)
{
	size_t n = strlen(s);

	if (left(c) < n || memcmp(c->p, s, n))
		return false;
	c->p += n;
	return true;
}

static int bad_line(size_t number, const char *line, const char *end, const char *wanted,
		    struct kx_err *err)
{
	size_t len = (size_t)(end - line);

	return kx_err_set(err, ENOEXEC, "line %zu: expected %s, have '%.*s'%s", number, wanted,
			  (int)(len > QUOTE_MAX ? QUOTE_MAX : len), line,
			  len > QUOTE_MAX ? "…" : "");
}

struct line {
	unsigned int depth;
	uint64_t first, last;	/* inclusive */
	struct cursor name;
};

/* One line without its newline. */
static int parse_line(const char *line, const char *end, size_t number, struct line *ret,
		      struct kx_err *err)
{
	struct cursor c = { line, end };
	uint64_t first, last;
	size_t indent;

	while (take(&c, " "))
		;
	indent = (size_t)(c.p - line);
	if (indent % 2)
		return bad_line(number, line, end, "two spaces per level", err);
	if (!take_hex(&c, &first) || !take(&c, "-") || !take_hex(&c, &last) || !take(&c, " : ") ||
	    memchr(c.p, 0, left(&c)))
		return bad_line(number, line, end, "'START-END : NAME'", err);
	if (last < first)
		return bad_line(number, line, end, "START <= END", err);
	*ret = (struct line){ (unsigned int)(indent / 2), first, last, c };
	return 0;
}

static int add_line(struct kx_memmap *m, struct kx_arena *a, const struct line *l,
		    struct kx_err *err)
{
	size_t len = left(&l->name);
	char *name = kx_arena_alloc(a, len + 1);

	if (!name)
		return kx_err_set(err, ENOMEM, "out of memory for a name of 0x%zx bytes", len);
	memcpy(name, l->name.p, len);
	return kx_memmap_add(m, a, (struct kx_mem){
		/* The byte at 2^64-1 cannot be described; see range.h. */
		.r = { l->first, l->last == UINT64_MAX ? l->last : l->last + 1 },
		.type = kx_iomem_type(name),
		.depth = l->depth,
		.name = name,
	}, err);
}

int kx_iomem_parse(struct kx_bytes text, struct kx_arena *a, struct kx_memmap *ret,
		   bool *ret_hidden, struct kx_err *err)
{
	const char *start = text.len ? (const char *)text.data : "";
	struct cursor all = { start, start + text.len };
	struct kx_memmap map = { 0 };
	bool addresses = false;
	size_t lines = 0;
	int r;

	while (left(&all)) {
		const char *end = memchr(all.p, '\n', left(&all));
		struct line l = { 0 };

		if (!end)
			end = all.end;
		r = parse_line(all.p, end, ++lines, &l, err);
		if (r < 0)
			return r;
		if (l.last)
			addresses = true;
		r = add_line(&map, a, &l, err);
		if (r < 0)
			return r;
		all.p = end < all.end ? end + 1 : end;
	}
	*ret_hidden = lines && !addresses;
	if (*ret_hidden)
		map.n = 0;
	kx_memmap_sort(&map);
	*ret = map;
	return 0;
}
