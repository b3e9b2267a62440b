/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The LPI tables of a kernel as lines of a MACHINE note (kx/gic.h,
 * doc/resumable-core.md): written by sys/machine-note.c, read by arch/arm64-saved.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kx/gic.h"
#include "kx/json.h"
#include "kx/machine.h"
#include "kx/number.h"

#define KEY_PROPERTY	"lpi_property"
#define KEY_PENDING	"lpi_pending"
#define KEY_UNKNOWN	"lpi_unknown"
#define PAGE		0x1000u

int kx_gic_tables_add(struct kx_gic_tables *t, struct purg_lpi l, struct kx_err *err)
{
	/* PENDBASER has no bits for less. */
	if ((l.gicr_pa | l.pend_pa) % KX_GIC_FRAME || !l.gicr_pa || !l.pend_pa)
		return kx_err_set(err, ENOEXEC,
				  "LPI pending table: expected multiples of 0x%x, have 0x%" PRIx64
				  " of the redistributor at 0x%" PRIx64, KX_GIC_FRAME, l.pend_pa,
				  l.gicr_pa);
	if (t->count == PURG_LPI_MAX)
		return kx_err_set(err, ENOSPC, "more than %u LPI pending tables", PURG_LPI_MAX);
	t->v[t->count++] = l;
	return 0;
}

void kx_gic_tables_print(const struct kx_gic_tables *t, struct kx_text *text)
{
	kx_text_add(text, KEY_PROPERTY "=0x%" PRIx64 "\n", t->prop_pa);
	for (uint32_t i = 0; i < t->count; i++)
		kx_text_add(text, KEY_PENDING "=0x%" PRIx64 " 0x%" PRIx64 "\n", t->v[i].gicr_pa,
			    t->v[i].pend_pa);
}

bool kx_gic_tables_unknown(struct kx_bytes machine, struct kx_bytes *ret_why)
{
	struct kx_machine_line l;

	while (kx_machine_next(&machine, &l))
		if (kx_machine_word_is(l.key, KEY_UNKNOWN)) {
			*ret_why = l.value;
			return true;
		}
	return false;
}

/* @count numbers with a space between, and nothing else. */
static bool numbers(struct kx_bytes value, uint64_t *ret, size_t count)
{
	char text[64], *p = text, *end;

	if (value.len >= sizeof(text) || memchr(value.data, 0, value.len))
		return false;
	memcpy(text, value.data, value.len);
	text[value.len] = '\0';
	for (size_t i = 0; i < count; i++, p = end + 1) {
		end = strchr(p, ' ');
		if (!end != (i + 1 == count))
			return false;
		if (end)
			*end = '\0';
		if (kx_number_parse(p, 0, &ret[i], NULL) < 0)
			return false;
		if (!end)
			return true;
	}
	return false;
}

static int bad_line(const char *key, struct kx_bytes value, struct kx_err *err)
{
	return kx_err_set(err, ENOEXEC, "machine: %s: expected %s, have %zu bytes that are none",
			  key, strcmp(key, KEY_PENDING) ? "an address" : "two addresses", value.len);
}

int kx_gic_tables_parse(struct kx_bytes machine, struct kx_gic_tables *ret, struct kx_err *err)
{
	struct kx_bytes why = KX_BYTES_NONE;
	struct kx_machine_line l;
	uint64_t v[2];
	int r = 0;

	ret->prop_pa = 0;
	ret->count = 0;
	while (r == 0 && kx_machine_next(&machine, &l)) {
		if (kx_machine_word_is(l.key, KEY_UNKNOWN)) {
			why = l.value;
		} else if (kx_machine_word_is(l.key, KEY_PROPERTY)) {
			if (!numbers(l.value, &ret->prop_pa, 1) || ret->prop_pa % PAGE)
				return bad_line(KEY_PROPERTY, l.value, err);
		} else if (kx_machine_word_is(l.key, KEY_PENDING)) {
			if (!numbers(l.value, v, 2))
				return bad_line(KEY_PENDING, l.value, err);
			r = kx_gic_tables_add(ret, (struct purg_lpi){ v[0], v[1] }, err);
		}
	}
	if (r < 0)
		return r;
	if (ret->prop_pa && ret->count)
		return 0;
	if (!why.len)
		return kx_err_set(err, ENOENT, "the image does not say where its LPI tables are");
	return kx_err_set(err, ENOENT, "when it was saved, it was not known where its LPI tables are: %.*s",
			  (int)(why.len < 200 ? why.len : 200), (const char *)why.data);
}
