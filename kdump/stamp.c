// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of dumps.  What kdump-config (Debian) and kdump.sh (Fedora) write is read, too,
 * so that kdump list and prune know the dumps that were there before.  Pure; called by
 * verb-capture.c, dumps.c.
 */
#include <stdio.h>
#include <string.h>

#include "stamp.h"

void stamp_make(struct stamp *s, enum conf_layout layout, const char *host, const struct tm *t)
{
	size_t n = 0;

	*s = (struct stamp){
		.layout = layout, .year = t->tm_year + 1900, .month = t->tm_mon + 1,
		.day = t->tm_mday, .hour = t->tm_hour, .minute = t->tm_min, .second = t->tm_sec,
	};
	/* A host name with a slash would be a path. */
	for (; n < STAMP_HOST_MAX && host[n]; n++)
		s->host[n] = host[n] == '/' || (unsigned char)host[n] <= ' ' ? '_' : host[n];
}

void stamp_next(struct stamp *s)
{
	struct tm t = {
		.tm_year = s->year - 1900, .tm_mon = s->month - 1, .tm_mday = s->day,
		.tm_hour = s->hour, .tm_min = s->minute, .tm_sec = s->second,
	};

	*(s->layout == LAYOUT_DEBIAN ? &t.tm_min : &t.tm_sec) += 1;
	/* For the carry alone: any time zone without a summer time will do. */
	timegm(&t);
	s->year = t.tm_year + 1900;
	s->month = t.tm_mon + 1;
	s->day = t.tm_mday;
	s->hour = t.tm_hour;
	s->minute = t.tm_min;
	s->second = t.tm_sec;
}

void stamp_directory(const struct stamp *s, char ret[static STAMP_NAME_MAX + 1])
{
	const char *dash = s->host[0] ? "-" : "";

	if (s->layout == LAYOUT_DEBIAN)
		snprintf(ret, STAMP_NAME_MAX + 1, "%s%s%04d%02d%02d%02d%02d", s->host, dash, s->year,
			 s->month, s->day, s->hour, s->minute);
	else
		snprintf(ret, STAMP_NAME_MAX + 1, "%s%s%04d-%02d-%02d-%02d:%02d:%02d", s->host, dash,
			 s->year, s->month, s->day, s->hour, s->minute, s->second);
}

/* '0' stands for a digit, everything else for itself. */
static bool matches(const char *s, const char *pattern)
{
	for (; *pattern; s++, pattern++)
		if (*pattern == '0' ? *s < '0' || *s > '9' : *s != *pattern)
			return false;
	return !*s;
}

static int digits(const char *p, int n)
{
	int v = 0;

	while (n--)
		v = 10 * v + (*p++ - '0');
	return v;
}

/* The stamps, and where year, month, day, hour, minute and second begin; -1: no second. */
static const struct {
	enum conf_layout layout;
	const char *pattern;
	int at[6];
} forms[] = {
	{ LAYOUT_FEDORA, "0000-00-00-00:00:00", { 0, 5, 8, 11, 14, 17 } },
	{ LAYOUT_DEBIAN, "000000000000", { 0, 4, 6, 8, 10, -1 } },
};

static bool plausible(const struct stamp *s)
{
	return s->month >= 1 && s->month <= 12 && s->day >= 1 && s->day <= 31 && s->hour <= 23 &&
	       s->minute <= 59 && s->second <= 60;
}

static bool parse_form(const char *name, size_t i, struct stamp *ret)
{
	size_t len = strlen(name), want = strlen(forms[i].pattern);
	const char *p = name + len - want;
	struct stamp s = { .layout = forms[i].layout };
	int *to[] = { &s.year, &s.month, &s.day, &s.hour, &s.minute, &s.second };

	if (len < want || !matches(p, forms[i].pattern))
		return false;
	if (p > name && (p[-1] != '-' || p - name < 2 || p - name - 1 > STAMP_HOST_MAX))
		return false;
	if (p > name)
		memcpy(s.host, name, (size_t)(p - name) - 1);
	for (size_t k = 0; k < 6; k++)
		if (forms[i].at[k] >= 0)
			*to[k] = digits(p + forms[i].at[k], k ? 2 : 4);
	if (!plausible(&s))
		return false;
	*ret = s;
	return true;
}

bool stamp_parse(const char *name, struct stamp *ret)
{
	/* What begins with a dot is hidden, and "..-2026…" no host. */
	if (name[0] == '.' || strchr(name, '/'))
		return false;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (parse_form(name, i, ret))
			return true;
	return false;
}

int stamp_compare(const struct stamp *a, const struct stamp *b)
{
	const int x[] = { a->year, a->month, a->day, a->hour, a->minute, a->second };
	const int y[] = { b->year, b->month, b->day, b->hour, b->minute, b->second };

	for (size_t i = 0; i < 6; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

/* ---- files --------------------------------------------------------------------------- */

static const struct {
	const char *fedora, *debian;	/* debian: the stamp follows */
} names[] = {
	[FILE_VMCORE] = { "vmcore", "dump." },
	[FILE_FLAT] = { "vmcore.flat", "dump-flat." },
	[FILE_DMESG] = { "vmcore-dmesg.txt", "dmesg." },
	[FILE_INCOMPLETE] = { "vmcore-incomplete", "dump-incomplete" },
};

void stamp_file(const struct stamp *s, enum dump_file f, char ret[static STAMP_NAME_MAX + 1])
{
	size_t len;

	if (s->layout == LAYOUT_FEDORA) {
		snprintf(ret, STAMP_NAME_MAX + 1, "%s", names[f].fedora);
		return;
	}
	len = (size_t)snprintf(ret, STAMP_NAME_MAX + 1, "%s", names[f].debian);
	if (ret[len - 1] == '.')
		snprintf(ret + len, STAMP_NAME_MAX + 1 - len, "%04d%02d%02d%02d%02d", s->year,
			 s->month, s->day, s->hour, s->minute);
}

enum dump_file stamp_file_of(const char *name)
{
	for (int f = 0; f < FILE_OTHER; f++) {
		const char *debian = names[f].debian;
		size_t len = strlen(debian);

		if (!strcmp(name, names[f].fedora) || !strcmp(name, debian) ||
		    (debian[len - 1] == '.' && !strncmp(name, debian, len) &&
		     matches(name + len, "000000000000")))
			return (enum dump_file)f;
	}
	return FILE_OTHER;
}
