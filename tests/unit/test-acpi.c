/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lib/acpi.c: SPCR, FADT and MADT, sound and not.
 */
#include <errno.h>

#include "kx/acpi.h"
#include "kx/gic.h"
#include "test.h"

#define SPCR_LEN	80
#define FADT_LEN	276

static void header(uint8_t *t, const char *signature, uint32_t len, uint8_t revision)
{
	memset(t, 0, len);
	memcpy(t, signature, 4);
	kx_put_le32(t + 4, len);
	t[8] = revision;
}

static void spcr(uint8_t *t, uint8_t type, uint8_t space, uint8_t width, uint8_t access,
		 uint64_t addr)
{
	header(t, "SPCR", SPCR_LEN, 2);
	t[36] = type;
	t[40] = space;
	t[41] = width;
	t[43] = access;
	kx_put_le64(t + 44, addr);
}

static void test_spcr(void)
{
	static const struct {
		uint8_t type, space, width, access;
		uint64_t addr;
		struct purg_console want;
	} rows[] = {
		{ 3, 0, 32, 3, 0x9000000, { PURG_CONSOLE_PL011, 0, 0, 0, 0x9000000 } },
		{ 0xe, 0, 8, 1, 0x2ff9000000, { PURG_CONSOLE_PL011, 0, 0, 0, 0x2ff9000000 } },
		{ 0xd, 0, 32, 0, 0x1000, { PURG_CONSOLE_PL011, 0, 0, 0, 0x1000 } },
		{ 0, 1, 8, 0, 0x3f8, { PURG_CONSOLE_8250_PORT, 0, 1, 0, 0x3f8 } },
		{ 1, 0, 8, 1, 0xfe201000, { PURG_CONSOLE_8250_MMIO, 0, 1, 0, 0xfe201000 } },
		{ 0x12, 0, 32, 3, 0xfe201000, { PURG_CONSOLE_8250_MMIO, 2, 4, 0, 0xfe201000 } },
		{ 0x12, 0, 32, 0, 0xfe201000, { PURG_CONSOLE_8250_MMIO, 2, 4, 0, 0xfe201000 } },
		/* the access size wins over the register's width */
		{ 0x12, 0, 32, 1, 0xfe201000, { PURG_CONSOLE_8250_MMIO, 0, 1, 0, 0xfe201000 } },
		{ 0, 0, 0, 9, 0xfe201000, { PURG_CONSOLE_8250_MMIO, 0, 1, 0, 0xfe201000 } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t t[SPCR_LEN];
		struct purg_console c;
		struct kx_err err = { 0 };

		spcr(t, rows[i].type, rows[i].space, rows[i].width, rows[i].access, rows[i].addr);
		if (!CHECK(kx_acpi_spcr((struct kx_bytes){ t, sizeof(t) }, &c, &err) == 0)) {
			printf("# row %zu: %s\n", i, err.text);
			continue;
		}
		CHECK_MEM(&c, &rows[i].want, sizeof(c));
	}
}

static void spcr_fails(const uint8_t *t, size_t len, int code, const char *text)
{
	struct purg_console c = { .kind = 77 };
	struct kx_err err = { 0 };

	CHECK_EQ_U64((uint64_t)-kx_acpi_spcr((struct kx_bytes){ t, len }, &c, &err), (uint64_t)code);
	CHECK_STR(err.text, text);
	CHECK_EQ_U64(c.kind, 77);
}

static void test_spcr_bad(void)
{
	uint8_t t[SPCR_LEN];

	spcr(t, 3, 0, 32, 3, 0x9000000);
	spcr_fails(t, 0, ENOEXEC, "ACPI SPCR: expected a table of at least 0x24 bytes, have 0x0");
	spcr_fails(t, 7, ENOEXEC, "ACPI SPCR: expected a table of at least 0x24 bytes, have 0x7");
	spcr_fails(t, 60, ENOEXEC, "ACPI SPCR: length: expected 0x34 to 0x3c, have 0x50");
	kx_put_le32(t + 4, 40);
	spcr_fails(t, sizeof(t), ENOEXEC, "ACPI SPCR: length: expected 0x34 to 0x50, have 0x28");
	t[0] = 'X';
	spcr_fails(t, sizeof(t), ENOEXEC, "ACPI SPCR: signature: have 0x58 0x50 0x43 0x52");
	spcr(t, 3, 0, 32, 3, 0);
	spcr_fails(t, sizeof(t), ENOEXEC, "ACPI SPCR: base address is 0: no console");
	spcr(t, 0x10, 0, 32, 3, 0x1000);
	spcr_fails(t, sizeof(t), EOPNOTSUPP,
		   "ACPI SPCR: interface type 0x10 has no driver in purgatory");
	spcr(t, 3, 1, 32, 3, 0x1000);
	spcr_fails(t, sizeof(t), EOPNOTSUPP,
		   "ACPI SPCR: address space 0x1 for interface type 0x3");
	spcr(t, 0, 0xa, 32, 3, 0x1000);
	spcr_fails(t, sizeof(t), EOPNOTSUPP,
		   "ACPI SPCR: address space 0xa for interface type 0x0");
	spcr(t, 0, 0, 16, 2, 0x1000);
	spcr_fails(t, sizeof(t), EOPNOTSUPP,
		   "ACPI SPCR: a 16550 with 16-bit accesses (8 and 32 are known)");
}

static void test_fadt(void)
{
	static const struct {
		uint8_t major, minor;
		uint16_t boot;
		uint32_t want;
	} rows[] = {
		{ 6, 3, 3, PURG_PSCI_HVC },
		{ 6, 3, 1, PURG_PSCI_SMC },
		{ 6, 3, 2, PURG_PSCI_NONE },
		{ 5, 1, 3, PURG_PSCI_HVC },
		{ 5, 0, 3, PURG_PSCI_NONE },
		{ 4, 3, 3, PURG_PSCI_NONE },
		{ 6, 0x10, 3, PURG_PSCI_HVC },	/* errata in the upper half */
	};
	uint8_t t[FADT_LEN];
	struct kx_err err = { 0 };
	uint32_t psci;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		header(t, "FACP", FADT_LEN, rows[i].major);
		kx_put_le16(t + 129, rows[i].boot);
		t[131] = rows[i].minor;
		CHECK(kx_acpi_fadt_psci((struct kx_bytes){ t, sizeof(t) }, &psci, &err) == 0);
		CHECK_EQ_U64(psci, rows[i].want);
	}
	header(t, "FACP", 116, 1);
	CHECK(kx_acpi_fadt_psci((struct kx_bytes){ t, 116 }, &psci, &err) == 0);
	CHECK_EQ_U64(psci, PURG_PSCI_NONE);
	CHECK(kx_acpi_fadt_psci((struct kx_bytes){ t, 115 }, &psci, &err) == -ENOEXEC);
	CHECK_STR(err.text, "ACPI FACP: length: expected 0x24 to 0x73, have 0x74");
}

/* A GICD of 24 bytes and then @count ITSs. */
#define MADT_LEN(count)	(44u + 24 + 20 * (count))

static void madt(uint8_t *t, uint32_t count)
{
	header(t, "APIC", MADT_LEN(count), 5);
	t[44] = 0x0c;
	t[45] = 24;
	for (uint32_t i = 0; i < count; i++) {
		uint8_t *its = t + MADT_LEN(i);

		its[0] = 0x0f;
		its[1] = 20;
		kx_put_le32(its + 4, i);
		kx_put_le64(its + 8, 0x123408080000 + 0x20000 * (uint64_t)i);
	}
}

static void madt_fails(const uint8_t *t, size_t len, int code, const char *text)
{
	struct kx_err err = { .code = 0 };
	struct kx_gic g = { .its_count = 7 };

	CHECK_EQ_U64((uint64_t)-kx_acpi_madt_gic((struct kx_bytes){ t, len }, &g, &err), (uint64_t)code);
	CHECK_STR(err.text, text);
	CHECK_EQ_U64(g.its_count, 7);
}

static void test_madt(void)
{
	uint8_t t[MADT_LEN(17)];
	struct kx_gic g;

	for (uint32_t n = 0; n <= 16; n += 4) {
		madt(t, n);
		CHECK(kx_acpi_madt_gic((struct kx_bytes){ t, sizeof(t) }, &g, NULL) == 0);
		CHECK_EQ_U64(g.its_count, n);
		CHECK_EQ_U64(g.gicr_count, 0);
		if (n)
			CHECK_EQ_U64(g.its_pa[n - 1], 0x123408080000 + 0x20000 * (uint64_t)(n - 1));
	}
	madt(t, 17);
	madt_fails(t, sizeof(t), ENOSPC, "more than 16 ITSs");
}

static void test_madt_bad(void)
{
	uint8_t t[MADT_LEN(2)];

	madt(t, 2);
	madt_fails(t, 30, ENOEXEC, "ACPI APIC: length: expected 0x2c to 0x1e, have 0x6c");
	t[4] = 43;
	madt_fails(t, sizeof(t), ENOEXEC, "ACPI APIC: length: expected 0x2c to 0x6c, have 0x2b");
	/* Structures that do not end where they say. */
	madt(t, 2);
	t[45] = 0;
	madt_fails(t, sizeof(t), ENOEXEC,
		   "ACPI APIC: length of the structure at 0x2c: expected 2 to 0x40, have 0x0");
	t[45] = 1;
	madt_fails(t, sizeof(t), ENOEXEC,
		   "ACPI APIC: length of the structure at 0x2c: expected 2 to 0x40, have 0x1");
	t[45] = 65;
	madt_fails(t, sizeof(t), ENOEXEC,
		   "ACPI APIC: length of the structure at 0x2c: expected 2 to 0x40, have 0x41");
	t[45] = 63;			/* one byte is left */
	madt_fails(t, sizeof(t), ENOEXEC,
		   "ACPI APIC: length of the structure at 0x6b: expected 2 to 0x1, have 0x0");
	/* An ITS that is too short for its address, and one of no frame. */
	madt(t, 2);
	t[MADT_LEN(0) + 1] = 12;
	madt_fails(t, sizeof(t), ENOEXEC, "ACPI APIC: ITS: length: expected 0x14, have 0xc");
	madt(t, 2);
	t[MADT_LEN(1) + 9] = 0x10;
	madt_fails(t, sizeof(t), ENOEXEC,
		   "ITS: address: expected a multiple of 0x10000, have 0x1234080a1000");
}

/* A distributor, and CPUs whose UIDs are not their numbers. */
#define GICC_LEN	80
#define CPUS_LEN(n)	(44 + 24 + GICC_LEN * (n))

static void madt_cpus(uint8_t *t, uint32_t count)
{
	header(t, "APIC", CPUS_LEN(count), 5);
	t[44] = 0x0c;
	t[45] = 24;
	for (uint32_t i = 0; i < count; i++) {
		uint8_t *gicc = t + CPUS_LEN(i);

		gicc[0] = 0x0b;
		gicc[1] = GICC_LEN;
		kx_put_le32(gicc + 8, 7 + i);
		kx_put_le64(gicc + 68, 0x100000000 + 0x100 * (uint64_t)i);
	}
}

static void mpidr_fails(const uint8_t *t, size_t len, uint32_t uid, int code, const char *text)
{
	struct kx_err err = { .code = 0 };
	uint64_t mpidr = 7;

	CHECK_EQ_U64((uint64_t)-kx_acpi_madt_mpidr((struct kx_bytes){ t, len }, uid, &mpidr, &err),
		     (uint64_t)code);
	CHECK_STR(err.text, text);
	CHECK_EQ_U64(mpidr, 7);
}

static void test_madt_mpidr(void)
{
	uint8_t t[CPUS_LEN(3)];
	uint64_t mpidr = 0;

	for (uint32_t i = 0; i < 3; i++) {
		madt_cpus(t, 3);
		CHECK(kx_acpi_madt_mpidr((struct kx_bytes){ t, sizeof(t) }, 7 + i, &mpidr, NULL) == 0);
		CHECK_EQ_U64(mpidr, 0x100000000 + 0x100 * (uint64_t)i);
	}
	mpidr_fails(t, sizeof(t), 6, ENOENT, "ACPI APIC: no GICC has the UID 6");
	mpidr_fails(t, 20, 7, ENOEXEC, "ACPI APIC: length: expected 0x2c to 0x14, have 0x134");
	t[CPUS_LEN(0) + 1] = 40;	/* of ACPI 5.0, which had no MPIDR */
	mpidr_fails(t, sizeof(t), 7, ENOEXEC,
		    "ACPI APIC: GICC: length: expected at least 0x4c, have 0x28");
	t[CPUS_LEN(0) + 1] = 0;
	mpidr_fails(t, sizeof(t), 7, ENOEXEC,
		    "ACPI APIC: length of the structure at 0x44: expected 2 to 0xf0, have 0x0");
}

TEST_MAIN({ "SPCR", test_spcr },
	  { "SPCR, unsound", test_spcr_bad },
	  { "FADT", test_fadt },
	  { "MADT", test_madt },
	  { "MADT, unsound", test_madt_bad },
	  { "MADT, CPUs", test_madt_mpidr })
