/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sys/sources-arm64.c and sys/devicetree.c, on directories that look like a
 * machine: whichever of tree, ACPI and terminals it has.
 */
#include <errno.h>

#include "kx/fdt.h"
#include "kx/sys.h"
#include "sysroot.h"
#include "test.h"
#include "tree.h"

struct bed {
	struct sysroot root;
	struct kx_arena arena;
	struct kx_sources s;
	struct kx_err err;
};

static void put(struct bed *b, const char *path, const void *bytes, size_t len)
{
	sysroot_put(&b->root, path, bytes, len);
}

static void puts_at(struct bed *b, const char *path, const char *text)
{
	sysroot_text(&b->root, path, text);
}

static void bed_init(struct bed *b)
{
	memset(b, 0, sizeof(*b));
	kx_arena_init(&b->arena);
	sysroot_make(&b->root);
	puts_at(b, "kx/uname", "Linux 6.1.0-test aarch64 4096\n");
}

static void bed_deinit(struct bed *b)
{
	sysroot_remove(&b->root);
	kx_arena_deinit(&b->arena);
}

static bool read_all(struct bed *b, const char *serial)
{
	struct kx_console_wish wish = { .serial = serial };

	if (CHECK(kx_sources_read(b->root.dir, serial ? &wish : NULL, &b->arena, &b->s, &b->err) == 0))
		return true;
	printf("# %s\n", b->err.text);
	return false;
}

/* What decides how purgatory is to hash. */
static void test_sha2(void)
{
	static const struct {
		const char *cpuinfo;
		bool by_four;
	} rows[] = {
		{ NULL, false },
		{ "", false },
		{ "Features\t: fp asimd aes pmull sha1 sha2 crc32\n", false },
		{ "Features\t: fp asimd sha2", false },
		{ "Features\t: fp asimd evtstrm cpuid\n", true },
		{ "Features\t: fp asimd sha2x xsha2 sha256\n", true },
		/* One of two. */
		{ "processor\t: 0\nFeatures\t: fp asimd sha2\n\nprocessor\t: 1\nFeatures\t: fp asimd\n", true },
		/* Nothing to hash four with. */
		{ "Features\t: evtstrm\n", false },
		{ "model\t: Features : asimd\n", false },
	};
	struct bed b;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bed_init(&b);
		if (rows[i].cpuinfo)
			puts_at(&b, "proc/cpuinfo", rows[i].cpuinfo);
		if (read_all(&b, NULL) && !CHECK(b.s.sha256_by_four == rows[i].by_four))
			printf("# row %zu\n", i);
		bed_deinit(&b);
	}
}

static void console_is(const struct bed *b, const char *source, struct purg_console want)
{
	CHECK_STR(b->s.console_source, source);
	if (CHECK(b->s.console_count == 1))
		CHECK_MEM(&b->s.console[0], &want, sizeof(want));
}

static void test_fdt(void)
{
	struct bed b;
	struct tree t;
	struct kx_bytes fdt = tree_machine(&t);

	bed_init(&b);
	put(&b, "sys/firmware/fdt", fdt.data, fdt.len);
	puts_at(&b, "proc/iomem", "40000000-5fffffff : System RAM\n  40210000-41ffffff : Kernel code\n"
		"  5e000000-5effffff : reserved\n60000000-6fffffff : System RAM (kmem)\n");
	if (!read_all(&b, NULL))
		return;
	CHECK_EQ_U64(b.s.machine, KX_MACHINE_ARM64);
	CHECK_EQ_U64(b.s.arm64.fdt.len, fdt.len);
	CHECK_STR(b.s.arm64.fdt_source, "/sys/firmware/fdt");
	CHECK_EQ_U64(b.s.arm64.psci, PURG_PSCI_HVC);
	CHECK(!b.s.arm64.efi && !b.s.arm64.acpi);
	CHECK_EQ_U64(b.s.firmware.n, 1);
	CHECK_EQ_U64(kx_memmap_total(&b.s.firmware, KX_MEM_RAM), 0x20000000);
	CHECK_STR(b.s.firmware_source, "/proc/iomem");
	console_is(&b, "stdout-path", (struct purg_console){ PURG_CONSOLE_PL011, 0, 0, 0, 0x9000000 });
	bed_deinit(&b);
}

/* Not root: no fdt, no addresses; the directory form gives both. */
static void test_directory(void)
{
	static const uint8_t reg[16] = { 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0 };
	static const uint8_t two[4] = { 0, 0, 0, 2 };
	static const uint8_t uart[16] = { 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0 };
	const void *fdt = NULL;
	struct bed b;

	bed_init(&b);
#define BASE "sys/firmware/devicetree/base/"
	put(&b, BASE "#address-cells", two, 4);
	put(&b, BASE "#size-cells", two, 4);
	put(&b, BASE "name", "", 1);
	put(&b, BASE "dma-coherent", "", 0);
	put(&b, BASE "memory@40000000/device_type", "memory", 7);
	put(&b, BASE "memory@40000000/reg", reg, 16);
	put(&b, BASE "memory@40000000/name", "memory", 7);
	put(&b, BASE "pl011@9000000/compatible", "arm,pl011\0arm,primecell", 24);
	put(&b, BASE "pl011@9000000/reg", uart, 16);
	put(&b, BASE "chosen/stdout-path", "/pl011@9000000", 15);
	puts_at(&b, "proc/iomem", "00000000-00000000 : System RAM\n");
	if (!read_all(&b, NULL))
		return;
	CHECK_STR(b.s.arm64.fdt_source, "/sys/firmware/devicetree/base");
	CHECK_STR(b.s.firmware_source, "/sys/firmware/devicetree/base");
	CHECK_EQ_U64(kx_memmap_total(&b.s.firmware, KX_MEM_RAM), 0x10000000);
	console_is(&b, "stdout-path", (struct purg_console){ PURG_CONSOLE_PL011, 0, 0, 0, 0x9000000 });
	if (CHECK(kx_fdt_open(b.s.arm64.fdt, &b.arena, &fdt, &b.err) == 0)) {
		int len;

		CHECK(fdt_getprop(fdt, 0, "dma-coherent", &len) && len == 0);
		CHECK(fdt_getprop(fdt, 0, "name", NULL) == NULL);
		CHECK_EQ_U64((uint64_t)fdt_node_check_compatible(fdt,
			     fdt_path_offset(fdt, "/pl011@9000000"), "arm,primecell"), 0);
	}
	bed_deinit(&b);
}

static void test_deep_directory(void)
{
	char path[300] = "proc/device-tree";
	struct bed b;

	bed_init(&b);
	for (int i = 0; i < 66; i++)
		strncat(path, "/n", sizeof(path) - strlen(path) - 1);
	strncat(path, "/x", sizeof(path) - strlen(path) - 1);
	put(&b, path, "", 0);
	/* A tree the kernel itself would refuse counts as none. */
	if (read_all(&b, NULL))
		CHECK_EQ_U64(b.s.arm64.fdt.len, 0);
	bed_deinit(&b);
}

static void put_table(struct bed *b, const char *name, const uint8_t *table, uint32_t len)
{
	uint8_t copy[300];
	char path[64];

	memcpy(copy, table, len);
	memcpy(copy, name, 4);
	kx_put_le32(copy + 4, len);
	copy[8] = 6;
	snprintf(path, sizeof(path), "sys/firmware/acpi/tables/%s", name);
	put(b, path, copy, len);
}

static void test_acpi(void)
{
	static const uint8_t apic[64] = { [44] = 15, 20, [44 + 10] = 8, 8 };
	static const uint8_t facp[276] = { [129] = 1, [131] = 3 };
	static const uint8_t spcr[80] = { [36] = 3, [40] = 0, 32, 0, 3, 0, 0, 0, 0x12, 0x3f };
	struct bed b;
	struct tree t;
	struct kx_bytes fdt;

	bed_init(&b);
	tree_begin(&t);
	tree_root(&t, 2, 2);
	tree_node(&t, "chosen");
	tree_end(&t);
	fdt = tree_done(&t);
	put(&b, "sys/firmware/fdt", fdt.data, fdt.len);
	puts_at(&b, "sys/firmware/efi/fw_platform_size", "64\n");
	put_table(&b, "APIC", apic, sizeof(apic));
	put_table(&b, "FACP", facp, sizeof(facp));
	put_table(&b, "SPCR", spcr, sizeof(spcr));
	if (!read_all(&b, NULL))
		return;
	CHECK(b.s.arm64.efi && b.s.arm64.acpi);
	CHECK_EQ_U64(b.s.arm64.psci, PURG_PSCI_SMC);
	CHECK_EQ_U64(b.s.arm64.gic.its_count, 1);
	CHECK_EQ_U64(b.s.arm64.gic.its_pa[0], 0x8080000);
	console_is(&b, "SPCR", (struct purg_console){ PURG_CONSOLE_PL011, 0, 0, 0, 0x3f12000000 });
	bed_deinit(&b);
}

static void tty(struct bed *b, const char *base, const char *type, const char *io,
		const char *shift)
{
	puts_at(b, "sys/class/tty/ttyX0/iomem_base", base);
	puts_at(b, "sys/class/tty/ttyX0/type", type);
	puts_at(b, "sys/class/tty/ttyX0/io_type", io);
	puts_at(b, "sys/class/tty/ttyX0/iomem_reg_shift", shift);
}

static void test_serial(void)
{
	struct bed b;

	bed_init(&b);
	/* upstream cut this address to 32 bits */
	tty(&b, "0x123456789000\n", "32\n", "2\n", "0\n");
	if (read_all(&b, "ttyX0"))
		console_is(&b, "--serial", (struct purg_console){ PURG_CONSOLE_PL011, 0, 0, 0,
								  0x123456789000 });
	tty(&b, "0xFE215040\n", "16\n", "3\n", "2\n");
	if (read_all(&b, "/dev/ttyX0"))
		console_is(&b, "--serial", (struct purg_console){ PURG_CONSOLE_8250_MMIO, 2, 4, 0,
								  0xfe215040 });
	tty(&b, "0x10000\n", "4\n", "2\n", "0\n");
	if (read_all(&b, "ttyX0"))
		console_is(&b, "--serial", (struct purg_console){ PURG_CONSOLE_8250_MMIO, 0, 1, 0,
								  0x10000 });
	bed_deinit(&b);
}

static void serial_fails(struct bed *b, const char *serial, int code, const char *text)
{
	struct kx_console_wish wish = { .serial = serial };

	CHECK_EQ_U64((uint64_t)-kx_sources_read(b->root.dir, &wish, &b->arena, &b->s, &b->err),
		     (uint64_t)code);
	CHECK_STR(b->err.text, text);
}

static void test_serial_bad(void)
{
	char text[300];
	struct bed b;

	bed_init(&b);
	serial_fails(&b, "ttyX0", ENOENT,
		     "--serial=ttyX0: there is no /sys/class/tty/ttyX0");
	serial_fails(&b, "../x", EINVAL,
		     "--serial=../x: expected the name of a terminal such as ttyAMA0");
	serial_fails(&b, "", EINVAL, "--serial=: expected the name of a terminal such as ttyAMA0");
	tty(&b, "0x0\n", "32\n", "2\n", "0\n");
	serial_fails(&b, "ttyX0", EINVAL,
		     "--serial=ttyX0: iomem_base is 0: no memory-mapped port");
	tty(&b, "0x1000\n", "62\n", "2\n", "0\n");
	serial_fails(&b, "ttyX0", EINVAL,
		     "--serial=ttyX0: type 62, io_type 2: purgatory drives PL011 and memory-mapped 8250 only");
	tty(&b, "0x1000\n", "4\n", "0\n", "0\n");
	serial_fails(&b, "ttyX0", EINVAL,
		     "--serial=ttyX0: type 4, io_type 0: purgatory drives PL011 and memory-mapped 8250 only");
	tty(&b, "junk\n", "4\n", "2\n", "0\n");
	snprintf(text, sizeof(text),
		 "--serial=ttyX0: %s/sys/class/tty/ttyX0/iomem_base: expected a number, have 'junk'",
		 b.root.dir);
	serial_fails(&b, "ttyX0", EINVAL, text);
	bed_deinit(&b);
}

/* Nothing there at all is a machine, too. */
static void test_bare(void)
{
	struct bed b;

	bed_init(&b);
	if (read_all(&b, NULL)) {
		CHECK_EQ_U64(b.s.arm64.fdt.len, 0);
		CHECK(b.s.arm64.fdt_source == NULL);
		CHECK_EQ_U64(b.s.console_count, 0);
		CHECK_EQ_U64(b.s.arm64.psci, PURG_PSCI_NONE);
		CHECK_EQ_U64(b.s.firmware.n, 0);
	}
	/* An unsound tree is kept: the layout says what is wrong with it. */
	puts_at(&b, "sys/firmware/fdt", "not a tree");
	if (read_all(&b, NULL))
		CHECK_EQ_U64(b.s.arm64.fdt.len, 10);
	bed_deinit(&b);
}

TEST_MAIN({ "device tree and iomem", test_fdt },
	  { "device tree as a directory", test_directory },
	  { "directory without end", test_deep_directory },
	  { "EFI and ACPI", test_acpi },
	  { "--serial", test_serial },
	  { "--serial, unusable", test_serial_bad },
	  { "SHA2 instructions", test_sha2 },
	  { "bare machine", test_bare })
