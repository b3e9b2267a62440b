/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small saved core for tests of plans and of the command line, always the same
 * bytes:
 *
 *	make-core arm64|x86_64 raw|lz4|zstd writing|complete|consumed [another|encrypted] >FILE
 *
 * "another": of a machine with another RAM map; without it that is not known.
 * "encrypted": with the key 0, 1, 2, ...; status 77 if there is no libcrypto.
 * Built by make check; called by tests/plan/inputs.sh.
 */
#include <lz4.h>
#include <zstd.h>

#include "../unit/saved-seal-forge.h"

/* On every captured machine with RAM at 1 GiB (arm64), at 1 MiB (x86_64). */
static const struct saved_pages arm64_pages[] = {
	{ 0x40200000, 64, SAVED_TEXT, 1 },
	{ 0x40240000, 1, SAVED_NOISE, 0 },
	{ 0x42000000, 16, SAVED_ZERO, 1 },
	{ 0x42010000, 16, SAVED_TEXT, 0 },
	{ 0x48000000, 3, SAVED_NOISE, 1 },
};

static const char *const codecs[] = { "raw", "lz4", "zstd", NULL };
static const char *const states[] = { "none", "writing", "complete", "consumed", NULL };

static uint32_t choose(const char *const *names, const char *name)
{
	for (uint32_t i = 0; names[i]; i++)
		if (!strcmp(names[i], name))
			return i;
	fprintf(stderr, "make-core: what is '%s'?\n", name);
	exit(2);
}

/* The one place of @len bytes @old in the headers. */
static uint8_t *find(struct saved_forge *s, const void *old, size_t len)
{
	for (size_t i = 0; i + len <= s->headers_len; i++)
		if (!memcmp(s->f.p + s->headers_off + i, old, len))
			return s->f.p + s->headers_off + i;
	exit(99);
}

static void encrypt(struct saved_forge *s)
{
	struct kx_saved_cipher c;
	struct kx_saved_key key;

	saved_test_key(&key);
	if (kx_saved_cipher_init(&c, &key, NULL) < 0)
		exit(77);
	saved_encrypt(s, &c);
	kx_saved_cipher_deinit(&c);
}

int main(int argc, char **argv)
{
	struct saved_forge s = { .machine = 62 };
	uint8_t entry[8], ram_map[32];

	if (argc < 4)
		return 2;
	s.codec = choose(codecs, argv[2]);
	s.state = choose(states, argv[3]);
	if (!strcmp(argv[1], "arm64")) {
		s.machine = 183;
		s.pages = arm64_pages;
		s.page_rows = sizeof(arm64_pages) / sizeof(arm64_pages[0]);
	}
	saved_build(&s);
	if (s.machine == 183) {
		kx_put_le64(entry, 0x200040);
		kx_put_le64(find(&s, entry, sizeof(entry)), 0x40200040);
	}
	memset(ram_map, 0xab, sizeof(ram_map));
	if (argc < 5 || strcmp(argv[4], "another"))
		memset(find(&s, ram_map, sizeof(ram_map)), 0, sizeof(ram_map));
	saved_seal(&s);
	if (argc > 4 && !strcmp(argv[4], "encrypted"))
		encrypt(&s);
	if (fwrite(s.f.p, 1, s.f.len, stdout) != s.f.len || fflush(stdout))
		return 1;
	saved_forge_free(&s);
	return 0;
}
