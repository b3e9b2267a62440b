/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text to numbers, strictly: everything that strtoul(3) would let pass quietly
 * (signs, spaces, trailing words, overflow) is an error here.  Used for command
 * line options, /proc and /sys.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "kx/number.h"

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 10;
	return 36;
}

/* What strtoul(3) does with base 0 and with 0x in front of base 16. */
static const char *skip_prefix(const char *s, int *base)
{
	bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && digit_value(s[2]) < 16;

	if (*base == 0)
		*base = hex ? 16 : s[0] == '0' ? 8 : 10;
	return hex && *base == 16 ? s + 2 : s;
}

/* The digits at @s; *ret_end is behind them. -EINVAL if there are none, -ERANGE. */
static int scan_digits(const char *s, int base, uint64_t *ret, const char **ret_end)
{
	uint64_t v = 0;
	const char *p;

	s = skip_prefix(s, &base);
	for (p = s; digit_value(*p) < base; p++)
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)digit_value(*p), &v))
			return -ERANGE;
	if (p == s)
		return -EINVAL;
	*ret = v;
	*ret_end = p;
	return 0;
}

static int number_error(int r, const char *what, const char *s, struct kx_err *err)
{
	if (r == -ERANGE)
		return kx_err_set(err, ERANGE, "expected %s below 2^64, have '%s'", what, s);
	return kx_err_set(err, EINVAL, "expected %s, have '%s'", what, s);
}

int kx_number_parse(const char *s, int base, uint64_t *ret, struct kx_err *err)
{
	const char *end;
	uint64_t v;
	int r;

	r = scan_digits(s, base, &v, &end);
	if (r == 0 && *end)
		r = -EINVAL;
	if (r < 0)
		return number_error(r, "a number", s, err);
	*ret = v;
	return 0;
}

static int suffix_shift(char c)
{
	static const struct {
		char lower, upper;
		int shift;
	} suffixes[] = {
		{ 'k', 'K', 10 }, { 'm', 'M', 20 }, { 'g', 'G', 30 }, { 't', 'T', 40 },
	};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (c == suffixes[i].lower || c == suffixes[i].upper)
			return suffixes[i].shift;
	return 0;
}

int kx_size_parse(const char *s, uint64_t *ret, struct kx_err *err)
{
	const char *end;
	uint64_t v;
	int r, shift;

	r = scan_digits(s, 0, &v, &end);
	if (r < 0)
		return number_error(r, "a size", s, err);
	shift = suffix_shift(*end);
	if (end[shift ? 1 : 0])
		return number_error(-EINVAL, "a size", s, err);
	if (v > UINT64_MAX >> shift)
		return number_error(-ERANGE, "a size", s, err);
	*ret = v << shift;
	return 0;
}

int kx_cpu_list_next(const char **list, uint64_t *ret_first, uint64_t *ret_last)
{
	if (scan_digits(*list, 10, ret_first, list) < 0)
		return -EINVAL;
	*ret_last = *ret_first;
	if (**list == '-' && scan_digits(*list + 1, 10, ret_last, list) < 0)
		return -EINVAL;
	if (*ret_first > *ret_last || (**list && **list != ','))
		return -EINVAL;
	if (!**list)
		return 0;
	return *++*list ? 1 : -EINVAL;
}
