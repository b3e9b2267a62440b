// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text of the VMCOREINFO note: what a kernel says of itself for those who
 * read its memory (Documentation/admin-guide/kdump/vmcoreinfo.rst; formats in
 * include/linux/vmcore_info.h).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kx/core.h"
#include "kx/number.h"

/* "SYMBOL(" and a symbol's name, of at most 511 characters (KSYM_NAME_LEN). */
#define KEY_MAX		544
/* A number and its sign. */
#define WORD_MAX	32

struct kx_bytes kx_vmcoreinfo_text(const struct kx_core *c)
{
	const struct kx_core_note *n = kx_core_note_find(c, "VMCOREINFO", 0);

	return n ? n->desc : KX_BYTES_NONE;
}

/* Up to the end of the line or the first NUL. */
static size_t line_len(struct kx_bytes b)
{
	size_t n = 0;

	while (n < b.len && b.data[n] != '\n' && b.data[n])
		n++;
	return n;
}

bool kx_vmcoreinfo_get(struct kx_bytes text, const char *key, struct kx_bytes *ret)
{
	size_t key_len = strlen(key);

	while (text.len) {
		size_t n = line_len(text);

		if (n > key_len && text.data[key_len] == '=' && !memcmp(text.data, key, key_len)) {
			*ret = (struct kx_bytes){ text.data + key_len + 1, n - key_len - 1 };
			return true;
		}
		if (n < text.len)
			n++;
		text.data += n;
		text.len -= n;
	}
	return false;
}

const char *kx_vmcoreinfo_str(struct kx_bytes text, const char *key, struct kx_arena *a)
{
	struct kx_bytes v;

	if (!kx_vmcoreinfo_get(text, key, &v))
		return NULL;
	return kx_arena_printf(a, "%.*s", (int)v.len, (const char *)v.data);
}

/* The value as a word that is short enough to be a number. */
static int word(struct kx_bytes text, const char *key, char ret[WORD_MAX], struct kx_err *err)
{
	struct kx_bytes v;

	if (!kx_vmcoreinfo_get(text, key, &v))
		return kx_err_set(err, ENOENT, "VMCOREINFO: expected %s, have no such line", key);
	if (v.len >= WORD_MAX)
		return kx_err_set(err, EINVAL, "VMCOREINFO: %s: expected a number, have %zu"
				  " characters", key, v.len);
	memcpy(ret, v.data, v.len);
	ret[v.len] = '\0';
	return 0;
}

static int no_number(const char *key, const char *value, struct kx_err *err)
{
	return kx_err_set(err, EINVAL, "VMCOREINFO: %s: expected a number, have '%s'", key, value);
}

int kx_vmcoreinfo_u64(struct kx_bytes text, const char *key, int base, uint64_t *ret,
		      struct kx_err *err)
{
	char value[WORD_MAX];
	int r;

	r = word(text, key, value, err);
	if (r < 0)
		return r;
	if (kx_number_parse(value, base, ret, NULL) < 0)
		return no_number(key, value, err);
	return 0;
}

int kx_vmcoreinfo_symbol(struct kx_bytes text, const char *name, uint64_t *ret,
			 struct kx_err *err)
{
	char key[KEY_MAX];

	snprintf(key, sizeof(key), "SYMBOL(%s)", name);
	return kx_vmcoreinfo_u64(text, key, 16, ret, err);
}

int kx_vmcoreinfo_number(struct kx_bytes text, const char *name, uint64_t *ret,
			 struct kx_err *err)
{
	char key[KEY_MAX], value[WORD_MAX];
	const char *digits;
	uint64_t v;
	int r;

	snprintf(key, sizeof(key), "NUMBER(%s)", name);
	r = word(text, key, value, err);
	if (r < 0)
		return r;
	digits = value + (value[0] == '-');
	r = kx_number_parse(digits, !strncmp(digits, "0x", 2) ? 16 : 10, &v, NULL);
	if (r < 0)
		return no_number(key, value, err);
	*ret = value[0] == '-' ? 0 - v : v;
	return 0;
}
