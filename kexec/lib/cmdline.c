/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words of a kernel command line, split as next_arg() in the kernel's
 * lib/cmdline.c splits them.  Used for --reuse-cmdline and to look at the
 * running kernel's own command line.
 */
#include <stddef.h>
#include <string.h>

#include "kx/cmdline.h"

/* Views into the command line. */
struct word {
	const char *end;	/* behind it; a space or the terminating NUL */
	struct kx_bytes name;
	struct kx_bytes value;	/* without quotes; empty when there is no '=' */
};

/*
 * isspace() of the kernel's lib/ctype.c: C's six in ASCII, and 0xa0 (the
 * Latin-1 no-break space), whatever the locale says.
 */
static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || (unsigned char)c == 0xa0;
}

static const char *skip_spaces(const char *p)
{
	while (is_space(*p))
		p++;
	return p;
}

static struct kx_bytes view(const char *start, const char *end)
{
	return (struct kx_bytes){ (const uint8_t *)start, (size_t)(end - start) };
}

/*
 * Split the word at @p, which is neither a space nor NUL.  As in the kernel a
 * quote opens or closes anywhere, an unclosed one reaches the end of the line,
 * and '=' as the first character belongs to the name.
 */
static struct word word_split(const char *p)
{
	struct word w = { .value = KX_BYTES_NONE };
	bool quoted = *p == '"', in_quote = quoted;
	const char *first = quoted ? p + 1 : p, *equals = NULL, *end;

	for (p = first; *p && (in_quote || !is_space(*p)); p++) {
		if (*p == '=' && !equals && p != first)
			equals = p;
		if (*p == '"')
			in_quote = !in_quote;
	}
	w.end = end = p;
	if (quoted && end > first && end[-1] == '"')
		end--;
	w.name = view(first, equals ? equals : end);
	if (!equals)
		return w;
	first = equals + 1;
	if (*first == '"' && first < w.end) {
		first++;
		if (end == w.end && end > first && end[-1] == '"')
			end--;
	}
	w.value = view(first, end > first ? end : first);
	return w;
}

/* parameq() of the kernel's kernel/params.c: dash and underscore are one. */
static bool name_matches(struct kx_bytes name, const char *want)
{
	if (name.len != strlen(want))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char a = (char)name.data[i], b = want[i];

		if ((a == '-' ? '_' : a) != (b == '-' ? '_' : b))
			return false;
	}
	return true;
}

char *kx_cmdline_remove(struct kx_arena *a, const char *cmdline, const char *name)
{
	char *out = kx_arena_alloc_raw(a, strlen(cmdline) + 1);
	const char *p = skip_spaces(cmdline);
	bool removed = false;
	size_t len = 0, end = 0;

	if (!out)
		return NULL;
	/* What stays is copied with the spaces behind it, byte for byte. */
	while (*p) {
		struct word w = word_split(p);
		const char *next = skip_spaces(w.end);

		if (name_matches(w.name, name)) {
			removed = true;
		} else {
			memcpy(out + len, p, (size_t)(next - p));
			end = len + (size_t)(w.end - p);
			len += (size_t)(next - p);
		}
		p = next;
	}
	/* Without the spaces that stood before a removed last word. */
	out[removed ? end : len] = '\0';
	return out;
}

char *kx_cmdline_join(struct kx_arena *a, const char *first, const char *second)
{
	bool both = first && *first && second && *second;

	return kx_arena_printf(a, "%s%s%s", first ? first : "", both ? " " : "",
			       second ? second : "");
}

bool kx_cmdline_get(const char *cmdline, const char *name, struct kx_bytes *ret_value)
{
	bool found = false;

	for (const char *p = skip_spaces(cmdline); *p;) {
		struct word w = word_split(p);

		if (name_matches(w.name, name)) {
			found = true;
			if (ret_value)
				*ret_value = w.value;
		}
		p = skip_spaces(w.end);
	}
	return found;
}
