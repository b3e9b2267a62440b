// SPDX-License-Identifier: GPL-2.0-only
/* kexec/lib/machine.c: lines of a MACHINE note, and disks that are the same. */
#include <string.h>

#include "kx/machine.h"
#include "test.h"

static struct kx_bytes text(const char *s)
{
	return (struct kx_bytes){ (const uint8_t *)s, strlen(s) };
}

static void next_is(struct kx_bytes *b, const char *key, const char *value)
{
	struct kx_machine_line l;

	if (!CHECK(kx_machine_next(b, &l)))
		return;
	CHECK(kx_machine_word_is(l.key, key));
	CHECK(kx_machine_word_is(l.value, value));
}

static void test_lines(void)
{
	struct kx_bytes b = text("arch=x86_64\n\nnonsense\n=\na=b=c\nlast=1");
	struct kx_machine_line l;

	next_is(&b, "arch", "x86_64");
	next_is(&b, "", "");
	next_is(&b, "a", "b=c");
	next_is(&b, "last", "1");
	CHECK(!kx_machine_next(&b, &l));
	b = KX_BYTES_NONE;
	CHECK(!kx_machine_next(&b, &l));
}

static bool disk(const char *line, struct kx_bytes ret[KX_DISK_WORDS])
{
	struct kx_machine_line l;
	struct kx_bytes b = text(line);

	return kx_machine_next(&b, &l) && kx_machine_disk(&l, ret);
}

static void test_disk(void)
{
	struct kx_bytes w[KX_DISK_WORDS];

	if (CHECK(disk("filesystem=254:1 1234-ab ext4 rw /a path\n", w))) {
		CHECK(kx_machine_word_is(w[KX_DISK_DEVICE], "254:1"));
		CHECK(kx_machine_word_is(w[KX_DISK_UUID], "1234-ab"));
		CHECK(kx_machine_word_is(w[KX_DISK_TYPE], "ext4"));
		CHECK(kx_machine_word_is(w[KX_DISK_MODE], "rw"));
		CHECK(kx_machine_word_is(w[KX_DISK_PATH], "/a path"));
	}
	CHECK(disk("swap=8:3 - swap rw -", w));
	CHECK(!disk("swap=8:3 - swap rw", w));
	CHECK(!disk("swap=\n", w));
	CHECK(!disk("cpus=8:3 - swap rw -", w));
}

/* By the UUID if both have one, else by the number. */
static void test_same(void)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{ "filesystem=8:1 x ext4 rw /", "filesystem=8:2 x ext4 ro /mnt", true },
		{ "filesystem=8:1 x ext4 rw /", "filesystem=8:1 y ext4 rw /", false },
		{ "filesystem=8:1 - ext4 rw /", "filesystem=8:1 y ext4 rw /", true },
		{ "filesystem=8:1 x ext4 rw /", "swap=8:1 - swap rw -", true },
		{ "filesystem=8:1 - ext4 rw /", "filesystem=8:11 - ext4 rw /", false },
	};
	struct kx_bytes a[KX_DISK_WORDS], b[KX_DISK_WORDS];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (CHECK(disk(rows[i].a, a) && disk(rows[i].b, b)))
			CHECK_EQ_U64(kx_machine_disk_same(a, b), rows[i].same);
}

TEST_MAIN({ "lines", test_lines },
	  { "a disk's words", test_disk },
	  { "the same disk", test_same })
