/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a kernel's LPI tables are, as its log says (kx/gic.h).  Three messages:
 *
 *	GICv3: using LPI property table @0x0000000043290000
 *	GICv3: CPU0: using allocated LPI pending table @0x00000000432a0000
 *	GICv3: CPU0: found redistributor 0 region 0:0x00000000080a0000
 *
 * The second may say "reserved": the tables are those of a kernel before it.  Called
 * by sys/gic-tables.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kx/gic.h"
#include "kx/number.h"

#define NUMBER_MAX	20		/* 0x and 16 digits */
#define FIELDS		3

static bool is_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == 'x';
}

/* The number at *p, which moves behind it. */
static bool take_number(const char **p, const char *end, uint64_t *ret)
{
	char text[NUMBER_MAX + 1];
	size_t n = 0;

	while (*p < end && is_digit(**p)) {
		if (n == NUMBER_MAX)
			return false;
		text[n++] = *(*p)++;
	}
	text[n] = '\0';
	return kx_number_parse(text, 0, ret, NULL) == 0;
}

/* Does @text begin as @form?  '#' is a number, into @ret, '*' a word. */
static bool matches(struct kx_bytes text, const char *form, uint64_t ret[FIELDS])
{
	const char *p = (const char *)text.data, *end = p + text.len;

	for (; *form; form++) {
		if (*form == '#') {
			if (!take_number(&p, end, ret++))
				return false;
		} else if (*form == '*') {
			while (p < end && *p != ' ')
				p++;
		} else if (p == end || *p++ != *form) {
			return false;
		}
	}
	return true;
}

static struct purg_lpi *cpu_of(struct kx_gic_log *log, uint64_t cpu)
{
	if (cpu < PURG_LPI_MAX)
		return &log->cpu[cpu];
	log->too_many = true;
	return NULL;
}

/* Documentation/ABI/testing/dev-kmsg: "level,sequnum,timestamp,flags;message". */
void kx_gic_log_add(struct kx_gic_log *log, struct kx_bytes record)
{
	const uint8_t *text = record.len ? memchr(record.data, ';', record.len) : NULL;
	struct kx_bytes b;
	struct purg_lpi *l;
	uint64_t v[FIELDS];

	if (!text)
		return;
	if (matches(record, "#,#,", v) && !v[1])
		log->has_start = true;
	text++;
	b = (struct kx_bytes){ text, record.len - (size_t)(text - record.data) };
	if (matches(b, "GICv3: using LPI property table @#", v))
		log->prop_pa = v[0];
	else if (matches(b, "GICv3: CPU#: using * LPI pending table @#", v) &&
		 (l = cpu_of(log, v[0])))
		l->pend_pa = v[1];
	else if (matches(b, "GICv3: CPU#: found redistributor * region #:#", v) &&
		 (l = cpu_of(log, v[0])))
		l->gicr_pa = v[2];
}

/* One CPU's; one that is not in the list may have run before, and been turned off. */
static int add_cpu(const struct kx_gic_log *log, uint32_t cpu, bool needed,
		   struct kx_gic_tables *ret, struct kx_err *err)
{
	const struct purg_lpi *l = &log->cpu[cpu];

	if (l->gicr_pa && l->pend_pa)
		return kx_gic_tables_add(ret, *l, err);
	if (!needed && !l->pend_pa)
		return 0;
	return kx_err_set(err, ENODATA, "the log does not say, or not any more, CPU%" PRIu32 "'s %s",
			  cpu, l->pend_pa ? "redistributor" : "LPI pending table");
}

/* Which CPUs are in "0-3,8"? */
static int read_list(const char *list, bool ret[PURG_LPI_MAX], struct kx_err *err)
{
	const char *p = list;
	uint64_t first, last;
	int more;

	do {
		more = kx_cpu_list_next(&p, &first, &last);
		if (more < 0)
			return kx_err_set(err, ENOEXEC, "expected a list of CPUs, have '%s'", list);
		if (last >= PURG_LPI_MAX)
			return kx_err_set(err, ENOSPC, "CPU%" PRIu64 ": expected less than %u", last,
					  PURG_LPI_MAX);
		for (uint64_t i = first; i <= last; i++)
			ret[i] = true;
	} while (more);
	return 0;
}

int kx_gic_log_tables(const struct kx_gic_log *log, const char *online, const char *present,
		      struct kx_gic_tables *ret, struct kx_err *err)
{
	bool needed[PURG_LPI_MAX] = { false };
	int r;

	ret->prop_pa = log->prop_pa;
	ret->count = 0;
	if (log->too_many)
		return kx_err_set(err, ENOSPC, "more than %u CPUs", PURG_LPI_MAX);
	if (!log->prop_pa)
		return kx_err_set(err, ENODATA,
				  "the log does not say, or not any more, where the LPI property table is");
	r = read_list(log->has_start ? online : present, needed, err);
	for (uint32_t i = 0; r == 0 && i < PURG_LPI_MAX; i++)
		r = add_cpu(log, i, needed[i], ret, err);
	return r;
}
