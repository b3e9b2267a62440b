/* SPDX-License-Identifier: GPL-2.0-only */
/* lib/gic-tables.c and lib/gic-log.c: LPI tables as lines, and out of a kernel's log. */
#include <errno.h>

#include "kx/gic.h"
#include "kx/json.h"
#include "test.h"

static struct kx_err err;
static struct kx_gic_tables tables;

static struct kx_bytes bytes(const char *s)
{
	return (struct kx_bytes){ (const uint8_t *)s, strlen(s) };
}

static void fails(int have, int want, const char *text)
{
	CHECK_EQ_U64((uint64_t)-have, (uint64_t)want);
	CHECK_STR(err.text, text);
}

/* ---- lines --------------------------------------------------------------------- */

static void test_lines(void)
{
	static const char text[] = "lpi_property=0x43290000\nlpi_pending=0x80a0000 0x432a0000\n"
				   "lpi_pending=0x80c0000 0x1000432b0000\n";
	struct kx_arena a;
	struct kx_text t;

	kx_arena_init(&a);
	kx_text_init(&t, &a);
	CHECK(kx_gic_tables_parse(bytes(text), &tables, &err) == 0);
	CHECK_EQ_U64(tables.prop_pa, 0x43290000);
	CHECK_EQ_U64(tables.count, 2);
	CHECK_EQ_U64(tables.v[1].gicr_pa, 0x80c0000);
	CHECK_EQ_U64(tables.v[1].pend_pa, 0x1000432b0000);
	kx_gic_tables_print(&tables, &t);
	CHECK_STR(kx_text_str(&t), text);
	/* Among others, and without a last end of line. */
	CHECK(kx_gic_tables_parse(bytes("cpus=0-3\nlpi_pendings=7\nlpi_pending=0x80a0000 0x432a0000\n"
					"no line\nlpi_property=0x43291000"), &tables, &err) == 0);
	CHECK_EQ_U64(tables.count, 1);
	kx_arena_deinit(&a);
}

static void test_unknown(void)
{
	struct kx_bytes why = KX_BYTES_NONE;

	CHECK(kx_gic_tables_unknown(bytes("lpi_unknown=no log\n"), &why));
	CHECK(why.len == 6 && !memcmp(why.data, "no log", 6));
	/* The first of them, among others. */
	CHECK(kx_gic_tables_unknown(bytes("cpus=0-3\nlpi_unknown=why\nlpi_unknown=none"), &why));
	CHECK(why.len == 3 && !memcmp(why.data, "why", 3));
	CHECK(!kx_gic_tables_unknown(bytes(""), &why));
	CHECK(!kx_gic_tables_unknown(bytes("lpi_unknowns=no log\nno line\nlpi_property=0x1000\n"), &why));
}

static void test_bad_lines(void)
{
	static const struct { const char *text; int code; const char *why; } rows[] = {
		{ "", ENOENT, "the image does not say where its LPI tables are" },
		{ "lpi_property=0x1000\n", ENOENT, "the image does not say where its LPI tables are" },
		{ "lpi_pending=0x80a0000 0x432a0000", ENOENT,
		  "the image does not say where its LPI tables are" },
		{ "lpi_unknown=no log\n", ENOENT,
		  "when it was saved, it was not known where its LPI tables are: no log" },
		{ "lpi_property=0x1001\n", ENOEXEC,
		  "machine: lpi_property: expected an address, have 6 bytes that are none" },
		{ "lpi_property=0x1000 0x1000\n", ENOEXEC,
		  "machine: lpi_property: expected an address, have 13 bytes that are none" },
		{ "lpi_property=\n", ENOEXEC,
		  "machine: lpi_property: expected an address, have 0 bytes that are none" },
		{ "lpi_pending=0x80a0000\n", ENOEXEC,
		  "machine: lpi_pending: expected two addresses, have 9 bytes that are none" },
		{ "lpi_pending=0x80a0000 0x10000 0x10000\n", ENOEXEC,
		  "machine: lpi_pending: expected two addresses, have 25 bytes that are none" },
		{ "lpi_pending=0x80a0000 \n", ENOEXEC,
		  "machine: lpi_pending: expected two addresses, have 10 bytes that are none" },
		{ "lpi_pending=0x80a0000 0x10000000000000000\n", ENOEXEC,
		  "machine: lpi_pending: expected two addresses, have 29 bytes that are none" },
		{ "lpi_pending=0x80a0000 0x432a1000\n", ENOEXEC,
		  "LPI pending table: expected multiples of 0x10000, have 0x432a1000 of the redistributor at 0x80a0000" },
		{ "lpi_pending=0x80a0000 0x0\n", ENOEXEC,
		  "LPI pending table: expected multiples of 0x10000, have 0x0 of the redistributor at 0x80a0000" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		fails(kx_gic_tables_parse(bytes(rows[i].text), &tables, &err), rows[i].code, rows[i].why);
}

static void test_many(void)
{
	static char text[64 * (PURG_LPI_MAX + 1)];
	size_t n = (size_t)sprintf(text, "lpi_property=0x1000\n");

	for (uint32_t i = 0; i < PURG_LPI_MAX; i++)
		n += (size_t)sprintf(text + n, "lpi_pending=0x%x 0x%x\n", (i + 1) << 17, (i + 1) << 16);
	CHECK(kx_gic_tables_parse(bytes(text), &tables, &err) == 0);
	CHECK_EQ_U64(tables.count, PURG_LPI_MAX);
	sprintf(text + n, "lpi_pending=0x10000 0x10000\n");
	fails(kx_gic_tables_parse(bytes(text), &tables, &err), ENOSPC, "more than 512 LPI pending tables");
}

/* ---- the log ----------------------------------------------------------------------- */

static struct kx_gic_log log_;

static const char *const boot[] = {
	"6,0,0,-;Booting Linux on physical CPU 0x0000000000 [0x411fd070]",
	"6,61,0,-;GICv3: CPU0: found redistributor 0 region 0:0x00000000080a0000",
	"6,63,0,-;GICv3: using LPI property table @0x0000000043290000",
	"6,64,0,-;GICv3: CPU0: using allocated LPI pending table @0x00000000432a0000",
	"6,88,3019,-;GICv3: CPU1: found redistributor 10f00 region 2:0x00000000080c0000",
	"6,89,3020,c;GICv3: CPU1: using reserved LPI pending table @0x0000000043ab0000",
	"6,90,3020,-;CPU1: Booted secondary processor",
	/* Again, when it was off. */
	"6,988,8019,-;GICv3: CPU1: found redistributor 10f00 region 2:0x00000000080c0000",
	" SUBSYSTEM=cpu",
};

/* All but record @skip. */
static void read_boot(size_t skip)
{
	memset(&log_, 0, sizeof(log_));
	for (size_t i = 0; i < sizeof(boot) / sizeof(boot[0]); i++)
		if (i != skip)
			kx_gic_log_add(&log_, bytes(boot[i]));
}

static int found(const char *online, const char *present)
{
	memset(&err, 0, sizeof(err));
	return kx_gic_log_tables(&log_, online, present, &tables, &err);
}

static void test_log(void)
{
	read_boot(99);
	CHECK(found("0-1", "0-1") == 0);
	CHECK_EQ_U64(tables.prop_pa, 0x43290000);
	CHECK_EQ_U64(tables.count, 2);
	CHECK_EQ_U64(tables.v[0].gicr_pa, 0x80a0000);
	CHECK_EQ_U64(tables.v[0].pend_pa, 0x432a0000);
	CHECK_EQ_U64(tables.v[1].gicr_pa, 0x80c0000);
	CHECK_EQ_U64(tables.v[1].pend_pa, 0x43ab0000);
	/* A CPU that was turned off goes on with its table; one that never ran has none. */
	CHECK(found("0", "0-3") == 0);
	CHECK_EQ_U64(tables.count, 2);
	CHECK(found("0,1", "0-511") == 0);
}

static void test_log_lost(void)
{
	read_boot(0);
	CHECK(found("0-1", "0-1") == 0);
	/* It may have run, and the log forgot. */
	fails(found("0-1", "0-2"), ENODATA,
	      "the log does not say, or not any more, CPU2's LPI pending table");
	read_boot(1);
	fails(found("0", "0"), ENODATA, "the log does not say, or not any more, CPU0's redistributor");
	read_boot(2);
	fails(found("0", "0"), ENODATA,
	      "the log does not say, or not any more, where the LPI property table is");
	read_boot(3);
	fails(found("0", "0"), ENODATA,
	      "the log does not say, or not any more, CPU0's LPI pending table");
	read_boot(5);
	fails(found("0-1", "0-1"), ENODATA,
	      "the log does not say, or not any more, CPU1's LPI pending table");
	CHECK(found("0", "0-1") == 0);
}

static void test_log_bad(void)
{
	static const char *const lists[] = { "", "-", "0-", "a", "0-1,", "0;1", "1 2" };
	char why[64];

	read_boot(99);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		snprintf(why, sizeof(why), "expected a list of CPUs, have '%s'", lists[i]);
		fails(found(lists[i], "0"), ENOEXEC, why);
	}
	fails(found("0-512", "0"), ENOSPC, "CPU512: expected less than 512");
	kx_gic_log_add(&log_, bytes("6,64,0,-;GICv3: CPU1: using allocated LPI pending table @0x432a1000"));
	fails(found("0", "0"), ENOEXEC, "LPI pending table: expected multiples of 0x10000, have"
	      " 0x432a1000 of the redistributor at 0x80c0000");
	/* What is cut, or has no number, says nothing. */
	read_boot(5);
	kx_gic_log_add(&log_, bytes("6,64,0,-;GICv3: CPU1: using allocated LPI pending table @"));
	kx_gic_log_add(&log_, bytes("6,64,0,-;GICv3: CPU1: using allocated LPI"));
	kx_gic_log_add(&log_, bytes("6,64,0,-;GICv3: CPU: using allocated LPI pending table @0x10000"));
	kx_gic_log_add(&log_, bytes("GICv3: CPU1: using allocated LPI pending table @0x10000"));
	kx_gic_log_add(&log_, bytes(""));
	kx_gic_log_add(&log_, bytes("6,64,0,-;GICv3: CPU1: using allocated LPI pending table"
				    " @0x00000000000000000000000010000"));
	fails(found("0-1", "0-1"), ENODATA,
	      "the log does not say, or not any more, CPU1's LPI pending table");
	kx_gic_log_add(&log_, bytes("6,64,0,-;GICv3: CPU512: using allocated LPI pending table @0x10000"));
	fails(found("0", "0"), ENOSPC, "more than 512 CPUs");
}

TEST_MAIN({ "lines", test_lines },
	  { "malformed lines", test_bad_lines },
	  { "lines that say that they are not known", test_unknown },
	  { "as many as there may be", test_many },
	  { "a log", test_log },
	  { "a log that has lost some", test_log_lost },
	  { "a log that is malformed", test_log_bad })
