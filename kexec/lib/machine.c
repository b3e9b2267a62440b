// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines of a MACHINE note: kx/machine.h.  Called by plan/saved-same.c, which compares
 * two machines, and by vmcore-dump, which must not write on a sleeping kernel's disks.
 */
#include <string.h>

#include "kx/machine.h"

bool kx_machine_next(struct kx_bytes *text, struct kx_machine_line *ret)
{
	while (text->len) {
		const uint8_t *end = memchr(text->data, '\n', text->len), *eq;
		size_t len = end ? (size_t)(end - text->data) : text->len;
		struct kx_bytes line = { text->data, len };

		*text = (struct kx_bytes){ line.data + len + !!end, text->len - len - !!end };
		eq = memchr(line.data, '=', len);
		if (!eq)
			continue;
		ret->key = (struct kx_bytes){ line.data, (size_t)(eq - line.data) };
		ret->value = (struct kx_bytes){ eq + 1, len - (size_t)(eq - line.data) - 1 };
		return true;
	}
	return false;
}

bool kx_machine_word_is(struct kx_bytes word, const char *s)
{
	return word.len == strlen(s) && !memcmp(word.data, s, word.len);
}

/* The last word is the rest of the line: a path may have spaces. */
bool kx_machine_disk(const struct kx_machine_line *l, struct kx_bytes ret[KX_DISK_WORDS])
{
	struct kx_bytes rest = l->value;

	if (!kx_machine_word_is(l->key, "filesystem") && !kx_machine_word_is(l->key, "swap"))
		return false;
	for (size_t i = 0; i < KX_DISK_WORDS; i++) {
		bool last = i + 1 == KX_DISK_WORDS;
		const uint8_t *end = !last && rest.len ? memchr(rest.data, ' ', rest.len) : NULL;

		if (!last && !end)
			return false;
		ret[i] = (struct kx_bytes){ rest.data, end ? (size_t)(end - rest.data) : rest.len };
		rest.data += ret[i].len + !!end;
		rest.len -= ret[i].len + !!end;
	}
	return true;
}

bool kx_machine_disk_same(const struct kx_bytes a[KX_DISK_WORDS],
			  const struct kx_bytes b[KX_DISK_WORDS])
{
	if (!kx_machine_word_is(a[KX_DISK_UUID], "-") && !kx_machine_word_is(b[KX_DISK_UUID], "-"))
		return kx_bytes_same(a[KX_DISK_UUID], b[KX_DISK_UUID]);
	return kx_bytes_same(a[KX_DISK_DEVICE], b[KX_DISK_DEVICE]);
}
