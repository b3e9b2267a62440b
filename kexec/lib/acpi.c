/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Three ACPI tables as bytes: SPCR ("Serial Port Console Redirection Table",
 * Microsoft, revision 4; port types from "Debug Port Table 2") and FADT (ACPI
 * 6.5, 5.2.9), MADT (5.2.12).  All are little-endian.  Called by sys/sources-*.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "kx/acpi.h"
#include "kx/gic.h"

/* The header every table starts with: signature, length, revision. */
#define HEADER_LEN		36
#define HEADER_LENGTH_OFF	4
#define HEADER_REVISION_OFF	8

#define SPCR_TYPE_OFF		36
#define SPCR_GAS_OFF		40
#define SPCR_MIN_LEN		52

/* Generic Address Structure, ACPI 6.5, 5.2.3.2 */
#define GAS_SYSTEM_MEMORY	0
#define GAS_SYSTEM_IO		1

#define MADT_MIN_LEN		44	/* header, local interrupt controller, flags */
#define MADT_GICC		0x0b	/* 5.2.12.14: a CPU's interface */
#define MADT_GICC_LEN		76	/* of ACPI 5.1; later ones are longer */
#define MADT_GICC_UID_OFF	8
#define MADT_GICC_MPIDR_OFF	68
#define MADT_ITS		0x0f	/* 5.2.12.18 */
#define MADT_ITS_LEN		20
#define MADT_ITS_BASE_OFF	8

#define FADT_ARM_BOOT_OFF	129
#define FADT_MINOR_OFF		131
#define FADT_MIN_LEN		132
#define ARM_BOOT_PSCI		0x1
#define ARM_BOOT_PSCI_HVC	0x2

struct gas {
	uint8_t space, bit_width, access_size;
	uint64_t addr;
};

/* Port types whose driver we have; a GAS decides between port and MMIO. */
static const struct port_type {
	uint8_t type;
	bool pl011;
} port_types[] = {
	{ 0x00, false },	/* 16550 */
	{ 0x01, false },	/* 16450, or a 16550 by DBGP's rules */
	{ 0x03, true },		/* Arm PL011 */
	{ 0x0d, true },		/* SBSA Generic UART, 32-bit accesses only */
	{ 0x0e, true },		/* SBSA Generic UART */
	{ 0x12, false },	/* 16550 with the parameters in the GAS */
};

/* Cut @b to the table's own length, once signature and length are sound. */
static int table_open(struct kx_bytes b, const char *signature, uint64_t min_len,
		      struct kx_bytes *ret, struct kx_err *err)
{
	uint32_t len;

	if (!kx_bytes_le32(b, HEADER_LENGTH_OFF, &len))
		return kx_err_set(err, ENOEXEC,
				  "ACPI %s: expected a table of at least 0x%x bytes, have 0x%zx",
				  signature, HEADER_LEN, b.len);
	if (!kx_bytes_starts(b, signature, 4))
		return kx_err_set(err, ENOEXEC,
				  "ACPI %s: signature: have 0x%02x 0x%02x 0x%02x 0x%02x",
				  signature, b.data[0], b.data[1], b.data[2], b.data[3]);
	if (len < min_len || !kx_bytes_sub(b, 0, len, ret))
		return kx_err_set(err, ENOEXEC,
				  "ACPI %s: length: expected 0x%" PRIx64 " to 0x%zx, have 0x%" PRIx32,
				  signature, min_len, b.len, len);
	return 0;
}

static struct gas gas_read(struct kx_rd *rd)
{
	struct gas g;

	g.space = kx_rd_u8(rd);
	g.bit_width = kx_rd_u8(rd);
	kx_rd_skip(rd, 1);		/* bit offset: 0 for registers */
	g.access_size = kx_rd_u8(rd);
	g.addr = kx_rd_u64(rd);
	return g;
}

/*
 * Access size counts 1, 2, 4, 8 bytes from 1 on.  0 is "undefined", and some
 * tables hold nonsense, so then the register's width decides.
 */
static unsigned int gas_bits(const struct gas *g)
{
	if (g->access_size >= 1 && g->access_size <= 4)
		return 8u << (g->access_size - 1);
	return g->bit_width ? g->bit_width : 8;
}

static int console_8250(const struct gas *g, struct purg_console *c, struct kx_err *err)
{
	unsigned int bits = gas_bits(g);

	if (g->space == GAS_SYSTEM_IO) {
		c->kind = PURG_CONSOLE_8250_PORT;
		c->reg_width = 1;
		return 0;
	}
	if (bits != 8 && bits != 32)
		return kx_err_set(err, EOPNOTSUPP,
				  "ACPI SPCR: a 16550 with %u-bit accesses (8 and 32 are known)", bits);
	/* Registers lie as far apart as they are wide. */
	c->kind = PURG_CONSOLE_8250_MMIO;
	c->reg_width = bits / 8;
	c->reg_shift = bits == 32 ? 2 : 0;
	return 0;
}

static const struct port_type *port_type_find(uint8_t type)
{
	for (size_t i = 0; i < sizeof(port_types) / sizeof(port_types[0]); i++)
		if (port_types[i].type == type)
			return &port_types[i];
	return NULL;
}

int kx_acpi_spcr(struct kx_bytes spcr, struct purg_console *ret, struct kx_err *err)
{
	const struct port_type *port;
	struct kx_bytes table;
	struct kx_rd rd;
	struct gas gas;
	uint8_t type;
	int r;

	r = table_open(spcr, "SPCR", SPCR_MIN_LEN, &table, err);
	if (r < 0)
		return r;
	rd = kx_rd_make(table, KX_LE);
	kx_rd_seek(&rd, SPCR_TYPE_OFF);
	type = kx_rd_u8(&rd);
	kx_rd_seek(&rd, SPCR_GAS_OFF);
	gas = gas_read(&rd);
	if (rd.bad)
		return kx_err_set(err, ENOEXEC, "ACPI SPCR: truncated");

	/* "If the field is 0, console redirection is disabled." */
	if (gas.addr == 0)
		return kx_err_set(err, ENOEXEC, "ACPI SPCR: base address is 0: no console");
	port = port_type_find(type);
	if (!port)
		return kx_err_set(err, EOPNOTSUPP,
				  "ACPI SPCR: interface type 0x%x has no driver in purgatory", type);
	if (gas.space != GAS_SYSTEM_MEMORY && (port->pl011 || gas.space != GAS_SYSTEM_IO))
		return kx_err_set(err, EOPNOTSUPP,
				  "ACPI SPCR: address space 0x%x for interface type 0x%x",
				  gas.space, type);

	struct purg_console c = { .kind = PURG_CONSOLE_PL011, .addr = gas.addr };

	if (!port->pl011) {
		r = console_8250(&gas, &c, err);
		if (r < 0)
			return r;
	}
	*ret = c;
	return 0;
}

int kx_acpi_fadt_psci(struct kx_bytes fadt, uint32_t *ret, struct kx_err *err)
{
	uint8_t major, minor;
	struct kx_bytes table;
	struct kx_rd rd;
	uint16_t boot;
	int r;

	r = table_open(fadt, "FACP", HEADER_LEN, &table, err);
	if (r < 0)
		return r;
	rd = kx_rd_make(table, KX_LE);
	kx_rd_seek(&rd, HEADER_REVISION_OFF);
	major = kx_rd_u8(&rd);
	*ret = PURG_PSCI_NONE;
	/* The ARM flags came with FADT 5.1. */
	if (major < 5 || table.len < FADT_MIN_LEN)
		return 0;
	kx_rd_seek(&rd, FADT_ARM_BOOT_OFF);
	boot = kx_rd_u16(&rd);
	minor = kx_rd_u8(&rd) & 0xf;	/* the upper half counts errata */
	if (rd.bad || (major == 5 && minor < 1) || !(boot & ARM_BOOT_PSCI))
		return 0;
	*ret = boot & ARM_BOOT_PSCI_HVC ? PURG_PSCI_HVC : PURG_PSCI_SMC;
	return 0;
}

/* "Interrupt Controller Structure": type, length, and what the type says. */
static int madt_entry(struct kx_bytes entry, uint8_t type, struct kx_gic *g, struct kx_err *err)
{
	struct kx_rd rd = kx_rd_make(entry, KX_LE);
	uint64_t base;

	if (type != MADT_ITS)
		return 0;
	kx_rd_seek(&rd, MADT_ITS_BASE_OFF);
	base = kx_rd_u64(&rd);
	if (rd.bad || entry.len < MADT_ITS_LEN)
		return kx_err_set(err, ENOEXEC, "ACPI APIC: ITS: length: expected 0x%x, have 0x%zx",
				  MADT_ITS_LEN, entry.len);
	return kx_gic_add_its(g, base, err);
}

/* The structure of @table at *off, and *off behind it. */
static int madt_next(struct kx_bytes table, size_t *off, struct kx_bytes *ret, struct kx_err *err)
{
	uint8_t len = table.len - *off < 2 ? 0 : table.data[*off + 1];

	if (len < 2 || !kx_bytes_sub(table, *off, len, ret))
		return kx_err_set(err, ENOEXEC, "ACPI APIC: length of the structure at 0x%zx:"
				  " expected 2 to 0x%zx, have 0x%x", *off, table.len - *off, len);
	*off += len;
	return 0;
}

int kx_acpi_madt_gic(struct kx_bytes madt, struct kx_gic *ret, struct kx_err *err)
{
	struct kx_gic g = { 0 };
	struct kx_bytes table, entry;
	size_t off = MADT_MIN_LEN;
	int r;

	r = table_open(madt, "APIC", MADT_MIN_LEN, &table, err);
	while (r == 0 && off < table.len) {
		r = madt_next(table, &off, &entry, err);
		if (r == 0)
			r = madt_entry(entry, entry.data[0], &g, err);
	}
	if (r < 0)
		return r;
	*ret = g;
	return 0;
}

int kx_acpi_madt_mpidr(struct kx_bytes madt, uint32_t uid, uint64_t *ret, struct kx_err *err)
{
	struct kx_bytes table, entry;
	size_t off = MADT_MIN_LEN;
	uint32_t have;
	int r;

	r = table_open(madt, "APIC", MADT_MIN_LEN, &table, err);
	while (r == 0 && off < table.len) {
		r = madt_next(table, &off, &entry, err);
		if (r < 0 || entry.data[0] != MADT_GICC)
			continue;
		if (entry.len < MADT_GICC_LEN)
			return kx_err_set(err, ENOEXEC, "ACPI APIC: GICC: length: expected at least 0x%x,"
					  " have 0x%zx", MADT_GICC_LEN, entry.len);
		if (kx_bytes_le32(entry, MADT_GICC_UID_OFF, &have) && have == uid)
			return kx_bytes_le64(entry, MADT_GICC_MPIDR_OFF, ret) ? 0 : -ENOEXEC;
	}
	return r < 0 ? r : kx_err_set(err, ENOENT, "ACPI APIC: no GICC has the UID %" PRIu32, uid);
}
