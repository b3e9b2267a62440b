/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzz targets of everything that reads text: command lines, numbers,
 * /proc/iomem, and archives' headers.
 */
#include <string.h>

#include "kx/cmdline.h"
#include "kx/initrd-size.h"
#include "kx/iomem.h"
#include "kx/number.h"
#include "targets.h"

/* The first word is a name to look for, the rest a command line. */
void fuzz_cmdline(struct kx_bytes in)
{
	struct kx_bytes value = KX_BYTES_NONE;
	struct kx_arena a;
	char *text, *line, *left, *both;

	kx_arena_init(&a);
	text = fuzz_text(&a, in);
	line = strchr(text, ' ');
	if (line)
		*line++ = '\0';
	else
		line = text;
	if (kx_cmdline_get(line, text, &value))
		fuzz_touch(value);
	left = kx_cmdline_remove(&a, line, text);
	FUZZ_ASSERT(left && strlen(left) <= strlen(line));
	FUZZ_ASSERT(!kx_cmdline_get(left, text, NULL));
	both = kx_cmdline_join(&a, left, line);
	FUZZ_ASSERT(both && strlen(both) <= strlen(left) + strlen(line) + 1);
	kx_arena_deinit(&a);
}

/* The first byte is the base. */
void fuzz_number(struct kx_bytes in)
{
	static const int bases[] = { 0, 8, 10, 16 };
	struct kx_err err = { .code = 0 };
	struct kx_arena a;
	uint64_t v;
	char *text;
	int rc;

	if (!in.len)
		return;
	kx_arena_init(&a);
	text = fuzz_text(&a, (struct kx_bytes){ in.data + 1, in.len - 1 });
	rc = kx_number_parse(text, bases[in.data[0] & 3], &v, &err);
	fuzz_check(rc, &err);
	err = (struct kx_err){ .code = 0 };
	rc = kx_size_parse(text, &v, &err);
	fuzz_check(rc, &err);
	kx_arena_deinit(&a);
}

void fuzz_iomem(struct kx_bytes in)
{
	struct kx_err err = { .code = 0 };
	struct kx_memmap map;
	struct kx_arena a;
	bool hidden = false;
	int rc;

	memset(&map, 0, sizeof(map));
	kx_arena_init(&a);
	rc = kx_iomem_parse(fuzz_copy(&a, in), &a, &map, &hidden, &err);
	fuzz_check(rc, &err);
	FUZZ_ASSERT(!hidden || !map.n);
	for (size_t i = 0; i < map.n; i++) {
		FUZZ_ASSERT(map.v[i].r.start < map.v[i].r.end);
		FUZZ_ASSERT(!i || map.v[i - 1].r.start <= map.v[i].r.start);
		FUZZ_ASSERT(map.v[i].name && strlen(map.v[i].name) <= in.len);
	}
	kx_arena_deinit(&a);
}

/* Nothing is ever refused, and whatever is there has a size. */
void fuzz_initrd(struct kx_bytes in)
{
	struct kx_arena a;
	struct kx_initrd_size s;

	kx_arena_init(&a);
	s = kx_initrd_unpacked(fuzz_copy(&a, in));
	FUZZ_ASSERT(in.len || (!s.bytes && s.exact));
	kx_arena_deinit(&a);
}
