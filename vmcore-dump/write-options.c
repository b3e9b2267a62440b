// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a dump is to be like, in words.  Called by options.c, and by who takes
 * makedumpfile's options.
 */
#include <errno.h>
#include <string.h>

#include "kx/core-pages.h"
#include "kx/number.h"
#include "write.h"

#define WORD_MAX	64u

static const struct {
	const char *name;
	unsigned int bit;
} bits[] = {
	{ "zero", KX_LEVEL_ZERO },
	{ "cache", KX_LEVEL_CACHE },
	{ "cache-private", KX_LEVEL_CACHE_PRIVATE | KX_LEVEL_CACHE },
	{ "user", KX_LEVEL_USER },
	{ "free", KX_LEVEL_FREE },
};

static bool bit_of(const char *s, size_t len, unsigned int *ret)
{
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (strlen(bits[i].name) == len && !memcmp(bits[i].name, s, len)) {
			*ret |= bits[i].bit;
			return true;
		}
	return false;
}

/* "31", or "zero+free" */
static int level_parse(const char *word, unsigned int *ret, struct kx_err *err)
{
	unsigned int level = 0;
	uint64_t v;
	struct kx_err none;

	if (kx_number_parse(word, 10, &v, &none) == 0 && v <= KX_LEVEL_MAX) {
		*ret = (unsigned int)v;
		return 0;
	}
	for (const char *s = word;; s++) {
		size_t len = strcspn(s, "+");

		if (!bit_of(s, len, &level))
			return kx_err_set(err, EINVAL, "expected 0 to 31, or zero, cache, cache-private,"
					  " user, free with a + between them, have '%s'", word);
		s += len;
		if (!*s)
			break;
	}
	*ret = level;
	return 0;
}

int write_levels_parse(struct write_request *r, const char *s, struct kx_err *err)
{
	char word[WORD_MAX];
	size_t n = 0;

	for (;; s++) {
		size_t len = strcspn(s, ",");

		if (n == WRITE_LEVELS_MAX)
			return kx_err_set(err, EINVAL, "expected at most %u levels, have more",
					  WRITE_LEVELS_MAX);
		if (len >= sizeof(word))
			return kx_err_set(err, EINVAL, "expected a level, have '%s'", s);
		memcpy(word, s, len);
		word[len] = '\0';
		if (level_parse(word, &r->level[n], err) < 0)
			return -EINVAL;
		n++;
		s += len;
		if (!*s)
			break;
	}
	r->level_count = n;
	return 0;
}

int write_codec_parse(struct write_request *r, const char *s, struct kx_err *err)
{
	for (int i = 0; i < KX_PAGE_CODECS; i++) {
		if (strcmp(kx_page_codec_name((enum kx_page_codec)i), s))
			continue;
		if (!kx_page_codec_here((enum kx_page_codec)i))
			return kx_err_set(err, EINVAL, "this program was built without %s", s);
		r->codec = (enum kx_page_codec)i;
		return 0;
	}
	return kx_err_set(err, EINVAL, "expected none, zlib, lzo, snappy or zstd, have '%s'", s);
}

int write_format_parse(struct write_request *r, const char *s, struct kx_err *err)
{
	if (strcmp(s, "kdump") && strcmp(s, "elf"))
		return kx_err_set(err, EINVAL, "expected kdump or elf, have '%s'", s);
	r->format = strcmp(s, "elf") ? WRITE_KDUMP : WRITE_ELF;
	return 0;
}
