/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kexec/sys/{sources,console}-x86_64.c and sources-edd.c, on machines made of
 * files as the kernel writes them.
 */
#include "kx/sys.h"
#include "sysroot.h"
#include "test.h"

#define MEMMAP	"sys/firmware/memmap/"
#define EFI	"sys/firmware/efi/"
#define EDD	"sys/firmware/edd/"

struct bed {
	struct sysroot root;
	struct kx_arena arena;
	struct kx_sources src;
	struct kx_err err;
	uint8_t params[0x1000];
};

static void bed_init(struct bed *b)
{
	memset(b, 0, sizeof(*b));
	sysroot_make(&b->root);
	kx_arena_init(&b->arena);
	sysroot_text(&b->root, "kx/uname", "Linux 6.12.1 x86_64 4096\n");
	sysroot_text(&b->root, "proc/cmdline", "quiet\n");
}

static void bed_deinit(struct bed *b)
{
	kx_arena_deinit(&b->arena);
	sysroot_remove(&b->root);
}

static int bed_read(struct bed *b, const struct kx_console_wish *wish)
{
	return kx_sources_read(b->root.dir, wish, &b->arena, &b->src, &b->err);
}

static void put_params(struct bed *b)
{
	sysroot_put(&b->root, "sys/kernel/boot_params/data", b->params, sizeof(b->params));
}

static void put_memmap(struct bed *b, const char *n, const char *start, const char *end,
		       const char *type)
{
	char path[96];

	snprintf(path, sizeof(path), MEMMAP "%s/start", n);
	sysroot_text(&b->root, path, start);
	snprintf(path, sizeof(path), MEMMAP "%s/end", n);
	sysroot_text(&b->root, path, end);
	snprintf(path, sizeof(path), MEMMAP "%s/type", n);
	sysroot_text(&b->root, path, type);
}

static void check_mem(const struct bed *b, size_t i, uint64_t start, uint64_t end,
		      enum kx_mem_type type)
{
	if (!CHECK(i < b->src.firmware.n))
		return;
	CHECK_EQ_U64(b->src.firmware.v[i].r.start, start);
	CHECK_EQ_U64(b->src.firmware.v[i].r.end, end);
	CHECK_EQ_U64(b->src.firmware.v[i].type, type);
}

static const char iomem[] =
	"00000000-00000fff : Reserved\n"
	"00001000-0009fbff : System RAM\n"
	"000a0000-000bffff : PCI Bus 0000:00\n"
	"000f0000-000fffff : Reserved\n"
	"  000f0000-000fffff : System ROM\n"
	"00100000-1ffdffff : System RAM\n"
	"  01000000-01ffffff : Kernel code\n"
	"  02000000-020fffff : Reserved\n"
	"1ffe0000-1fffffff : RAM buffer\n"
	"b0000000-bfffffff : PCI ECAM 0000 [bus 00-ff]\n"
	"  b0000000-bfffffff : Reserved\n";

static void test_memmap(void)
{
	struct bed b;

	bed_init(&b);
	put_memmap(&b, "0", "0x0\n", "0x9fbff\n", "System RAM\n");
	put_memmap(&b, "10", "0x200000000\n", "0x2ffffffff\n", "Persistent Memory (legacy)\n");
	put_memmap(&b, "2", "0x100000\n", "0x1ffdffff\n", "System RAM\n");
	put_memmap(&b, "1", "0x9fc00\n", "0x9ffff\n", "Reserved\n");
	put_memmap(&b, "3", "0x1ffe0000\n", "0x1fffffff\n", "ACPI Tables\n");
	put_memmap(&b, "4", "0x20000000\n", "0x2000ffff\n", "ACPI Non-volatile Storage\n");
	put_memmap(&b, "5", "0x30000000\n", "0x3000ffff\n", "Unknown E820 type\n");
	put_memmap(&b, "6", "0x5000\n", "0x4fff\n", "System RAM\n");	/* backwards */
	sysroot_text(&b.root, "proc/iomem", iomem);
	CHECK_EQ_U64(bed_read(&b, NULL), 0);
	CHECK_EQ_U64(b.src.firmware.n, 7);
	check_mem(&b, 0, 0, 0x9fc00, KX_MEM_RAM);
	check_mem(&b, 1, 0x9fc00, 0xa0000, KX_MEM_RESERVED);
	check_mem(&b, 2, 0x100000, 0x1ffe0000, KX_MEM_RAM);
	check_mem(&b, 3, 0x1ffe0000, 0x20000000, KX_MEM_ACPI);
	check_mem(&b, 4, 0x20000000, 0x20010000, KX_MEM_NVS);
	check_mem(&b, 5, 0x30000000, 0x30010000, KX_MEM_RESERVED);
	check_mem(&b, 6, 0x200000000, 0x300000000, KX_MEM_PRAM);
	CHECK_STR(b.src.firmware_source, "/sys/firmware/memmap");
	bed_deinit(&b);
}

static void check_iomem(struct bed *b)
{
	CHECK_EQ_U64(bed_read(b, NULL), 0);
	CHECK_STR(b->src.firmware_source, "/proc/iomem");
	CHECK_EQ_U64(b->src.firmware.n, 5);
	check_mem(b, 0, 0, 0x1000, KX_MEM_RESERVED);
	check_mem(b, 1, 0x1000, 0x9fc00, KX_MEM_RAM);
	check_mem(b, 2, 0xf0000, 0x100000, KX_MEM_RESERVED);
	check_mem(b, 3, 0x100000, 0x1ffe0000, KX_MEM_RAM);
	check_mem(b, 4, 0xb0000000, 0xc0000000, KX_MEM_RESERVED);
	bed_deinit(b);
}

static void test_iomem(void)
{
	struct bed b;

	bed_init(&b);
	sysroot_text(&b.root, "proc/iomem", iomem);
	check_iomem(&b);

	/* A whole word, wherever it stands. */
	bed_init(&b);
	sysroot_text(&b.root, "proc/iomem", iomem);
	sysroot_text(&b.root, "proc/cmdline", "quiet add_efi_memmap ro\n");
	put_memmap(&b, "0", "0x0\n", "0x9fbff\n", "System RAM\n");
	check_iomem(&b);

	bed_init(&b);
	sysroot_text(&b.root, "proc/iomem", iomem);
	sysroot_text(&b.root, "proc/cmdline", "xadd_efi_memmap add_efi_memmap2\n");
	put_memmap(&b, "0", "0x0\n", "0x9fbff\n", "System RAM\n");
	CHECK_EQ_U64(bed_read(&b, NULL), 0);
	CHECK_EQ_U64(b.src.firmware.n, 1);
	bed_deinit(&b);
}

static void test_boot_params(void)
{
	struct bed b;

	bed_init(&b);
	kx_put_le64(b.params + 0x070, 0xf59e0);
	b.params[0x00f] = 0x70;
	b.params[0x1e9] = 200;
	b.params[0x1ea] = 3;
	kx_put_le32(b.params + 0x290, 0x12345678);
	b.params[0xd00] = 0x80;
	put_params(&b);
	CHECK_EQ_U64(bed_read(&b, NULL), 0);
	CHECK_EQ_U64(b.src.x86.boot_params.len, 0x1000);
	CHECK_EQ_U64(b.src.x86.screen_info.len, 0x40);
	CHECK_EQ_U64(b.src.x86.screen_info.data[0x0f], 0x70);
	CHECK(b.src.x86.rsdp.known);
	CHECK_EQ_U64(b.src.x86.rsdp.value, 0xf59e0);
	CHECK_EQ_U64(b.src.x86.edd_count, 6);
	CHECK_EQ_U64(b.src.x86.edd.len, 6 * 82);
	CHECK_EQ_U64(b.src.x86.edd.data[0], 0x80);
	CHECK_EQ_U64(b.src.x86.mbr_count, 3);
	CHECK_EQ_U64(b.src.x86.mbr_signatures.data[0], 0x78);
	CHECK(!b.src.x86.efi && !b.src.x86.la57);
	CHECK_EQ_U64(b.src.console_count, 0);
	bed_deinit(&b);

	/* Not 4096 bytes is not boot_params. */
	bed_init(&b);
	sysroot_put(&b.root, "sys/kernel/boot_params/data", b.params, 0xfff);
	CHECK_EQ_U64(bed_read(&b, NULL), 0);
	CHECK_EQ_U64(b.src.x86.boot_params.len, 0);
	CHECK_EQ_U64(b.src.x86.screen_info.len, 0);
	bed_deinit(&b);
}

static void test_edd_sysfs(void)
{
	uint8_t raw[90];
	struct bed b;

	bed_init(&b);
	memset(raw, 0x77, sizeof(raw));
	sysroot_text(&b.root, EDD "int13_dev81/version", "0x30\n");
	sysroot_text(&b.root, EDD "int13_dev81/extensions",
		     "Fixed disk access\nEnhanced Disk Drive support\n");
	sysroot_text(&b.root, EDD "int13_dev81/legacy_max_cylinder", "1023\n");
	sysroot_text(&b.root, EDD "int13_dev81/legacy_max_head", "254\n");
	sysroot_text(&b.root, EDD "int13_dev81/legacy_sectors_per_track", "63\n");
	sysroot_text(&b.root, EDD "int13_dev81/mbr_signature", "0xcafe1234\n");
	sysroot_put(&b.root, EDD "int13_dev81/raw_data", raw, sizeof(raw));
	sysroot_text(&b.root, EDD "int13_dev82/mbr_signature", "0x00000001\n");
	sysroot_text(&b.root, EDD "int13_devzz/version", "0x30\n");
	CHECK_EQ_U64(bed_read(&b, NULL), 0);
	CHECK_EQ_U64(b.src.x86.edd_count, 2);
	CHECK_EQ_U64(b.src.x86.mbr_count, 3);
	if (CHECK(b.src.x86.edd.len == 6 * 82)) {
		const uint8_t want[] = { 0x81, 0x30, 5, 0, 0xff, 3, 254, 63, 0x77 };

		CHECK_EQ_U64(b.src.x86.edd.data[0], 0);
		CHECK_MEM(b.src.x86.edd.data + 82, want, sizeof(want));
		CHECK_EQ_U64(b.src.x86.edd.data[2 * 82 - 1], 0x77);
		CHECK_EQ_U64(b.src.x86.edd.data[2 * 82], 0);
		CHECK_EQ_U64(b.src.x86.mbr_signatures.data[4], 0x34);
		CHECK_EQ_U64(b.src.x86.mbr_signatures.data[8], 1);
	}
	bed_deinit(&b);
}

/* ---- EFI -------------------------------------------------------------------------- */

static void put_region(struct bed *b, const char *n, const char *pa)
{
	static const struct {
		const char *file, *text;
	} rest[] = {
		{ "type", "0x5\n" }, { "virt_addr", "0xfffffffeef800000\n" },
		{ "num_pages", "0x100\n" }, { "attribute", "0x800000000000000f\n" },
	};
	char path[96];

	for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++) {
		snprintf(path, sizeof(path), EFI "runtime-map/%s/%s", n, rest[i].file);
		sysroot_text(&b->root, path, rest[i].text);
	}
	snprintf(path, sizeof(path), EFI "runtime-map/%s/phys_addr", n);
	sysroot_text(&b->root, path, pa);
}

static void put_efi(struct bed *b)
{
	memcpy(b->params + 0x1c0, "EL64", 4);
	kx_put_le32(b->params + 0x1c4, 0x7f5ec018);
	kx_put_le32(b->params + 0x1d8, 1);
	put_params(b);
	sysroot_text(&b->root, EFI "fw_platform_size", "64\n");
	sysroot_text(&b->root, EFI "fw_vendor", "0x7f6ec018\n");
	sysroot_text(&b->root, EFI "runtime", "0x7f5ecb98\n");
	sysroot_text(&b->root, EFI "config_table", "0x7f5ecf98\n");
	sysroot_text(&b->root, EFI "systab",
		     "ACPI20=0x7f77d014\nACPI=0x7f77d000\nSMBIOS3=0x7f51e000\nSMBIOS=0x7f520000\n");
	put_region(b, "0", "0x7e000000\n");
	put_region(b, "10", "0x7f000000\n");
	put_region(b, "2", "0x7e800000\n");
}

static void test_efi(void)
{
	const struct kx_x86_facts *f;
	struct bed b;

	bed_init(&b);
	put_efi(&b);
	CHECK_EQ_U64(bed_read(&b, NULL), 0);
	f = &b.src.x86;
	CHECK(f->efi && f->efi64);
	CHECK_EQ_U64(f->fw_vendor.value, 0x7f6ec018);
	CHECK_EQ_U64(f->config_table.value, 0x7f5ecf98);
	CHECK_EQ_U64(f->efi_runtime.value, 0x7f5ecb98);
	CHECK_EQ_U64(f->efi_systab.value, 0x17f5ec018);
	CHECK_EQ_U64(f->smbios.value, 0x7f520000);
	CHECK_EQ_U64(f->rsdp.value, 0x7f77d014);
	if (CHECK(f->runtime_count == 3)) {
		CHECK_EQ_U64(f->runtime[0].pa, 0x7e000000);
		CHECK_EQ_U64(f->runtime[1].pa, 0x7e800000);
		CHECK_EQ_U64(f->runtime[2].pa, 0x7f000000);
		CHECK_EQ_U64(f->runtime[2].type, 5);
		CHECK_EQ_U64(f->runtime[2].va, 0xfffffffeef800000);
		CHECK_EQ_U64(f->runtime[2].pages, 0x100);
		CHECK_EQ_U64(f->runtime[2].attribute, 0x800000000000000f);
	}
	bed_deinit(&b);

	/* What boot_params say of the RSDP counts more; a half map is none. */
	bed_init(&b);
	kx_put_le64(b.params + 0x070, 0x1234000);
	put_efi(&b);
	sysroot_text(&b.root, EFI "runtime-map/2/num_pages", "many\n");
	CHECK_EQ_U64(bed_read(&b, NULL), 0);
	CHECK_EQ_U64(b.src.x86.rsdp.value, 0x1234000);
	CHECK_EQ_U64(b.src.x86.runtime_count, 0);
	bed_deinit(&b);
}

static void test_rsdp_option(void)
{
	struct bed b;

	bed_init(&b);
	sysroot_text(&b.root, "proc/cmdline", "acpi_rsdp=0x7f77d014 quiet\n");
	CHECK_EQ_U64(bed_read(&b, NULL), 0);
	CHECK_EQ_U64(b.src.x86.rsdp.value, 0x7f77d014);
	bed_deinit(&b);

	bed_init(&b);
	sysroot_text(&b.root, "proc/cmdline", "acpi_rsdp=0123456789abcdef0123456789 quiet\n");
	CHECK_EQ_U64(bed_read(&b, NULL), 0);
	CHECK(!b.src.x86.rsdp.known);
	bed_deinit(&b);
}

static void test_la57(void)
{
	static const struct {
		const char *text;
		bool la57;
	} rows[] = {
		{ "processor\t: 0\nflags\t\t: fpu la57 vme\nbugs\t\t:\n", true },
		{ "processor\t: 0\nflags\t\t: fpu la570 xla57\nbugs\t\t: la57\n", false },
		{ "flagsless", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bed b;

		bed_init(&b);
		sysroot_text(&b.root, "proc/cpuinfo", rows[i].text);
		CHECK_EQ_U64(bed_read(&b, NULL), 0);
		CHECK_EQ_U64(b.src.x86.la57, rows[i].la57);
		bed_deinit(&b);
	}
}

/* ---- consoles ------------------------------------------------------------------------ */

static void check_port(const struct bed *b, size_t i, uint64_t port, uint32_t divisor)
{
	if (!CHECK(i < b->src.console_count))
		return;
	CHECK_EQ_U64(b->src.console[i].kind, PURG_CONSOLE_8250_PORT);
	CHECK_EQ_U64(b->src.console[i].addr, port);
	CHECK_EQ_U64(b->src.console[i].divisor, divisor);
}

static void test_wishes(void)
{
	static const struct {
		struct kx_console_wish wish;
		uint64_t port;
		uint32_t divisor;
	} rows[] = {
		{ { .serial = "ttyS0" }, 0x3f8, 0 },
		{ { .serial = "ttyS1", .baud = 9600 }, 0x2f8, 12 },
		{ { .serial = "0x2e8", .baud = 115200 }, 0x2e8, 1 },
		{ { .serial_port = true, .baud = 38400 }, 0x3f8, 3 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bed b;

		bed_init(&b);
		/* What the machine uses itself does not matter then. */
		sysroot_text(&b.root, "proc/cmdline", "console=ttyS3\n");
		CHECK_EQ_U64(bed_read(&b, &rows[i].wish), 0);
		CHECK_EQ_U64(b.src.console_count, 1);
		check_port(&b, 0, rows[i].port, rows[i].divisor);
		bed_deinit(&b);
	}
}

static void wish_fails(struct kx_console_wish wish, const char *text)
{
	struct bed b;

	bed_init(&b);
	CHECK_EQ_U64(bed_read(&b, &wish), (uint64_t)-EINVAL);
	CHECK_STR(b.err.text, text);
	bed_deinit(&b);
}

static void test_bad_wishes(void)
{
	wish_fails((struct kx_console_wish){ .serial = "ttyUSB0" },
		   "--serial: expected ttyS0, ttyS1 or an I/O port such as 0x3f8, have 'ttyUSB0'");
	wish_fails((struct kx_console_wish){ .serial = "tty/../x" },
		   "--serial: expected ttyS0, ttyS1 or an I/O port such as 0x3f8, have 'tty/../x'");
	wish_fails((struct kx_console_wish){ .serial = "0x10000" },
		   "--serial: expected an I/O port from 0x1 to 0xfff8, have 0x10000");
	wish_fails((struct kx_console_wish){ .serial = "0" },
		   "--serial: expected an I/O port from 0x1 to 0xfff8, have 0x0");
	wish_fails((struct kx_console_wish){ .serial = "ttyS0", .baud = 31337 },
		   "--serial-baud: expected a rate that divides 115200, have 31337");
	wish_fails((struct kx_console_wish){ .serial = "ttyS0", .baud = 1 },
		   "--serial-baud: expected a rate that divides 115200, have 1");
	wish_fails((struct kx_console_wish){ .serial = "ttyS0", .baud = 230400 },
		   "--serial-baud: expected a rate that divides 115200, have 230400");
}

static void test_vga_wish(void)
{
	struct kx_console_wish wish = { .serial = "ttyS0", .vga = true };
	struct bed b;

	bed_init(&b);
	CHECK_EQ_U64(bed_read(&b, &wish), 0);
	CHECK_EQ_U64(b.src.console_count, 2);
	check_port(&b, 0, 0x3f8, 0);
	CHECK_EQ_U64(b.src.console[1].kind, PURG_CONSOLE_VGA_TEXT);
	CHECK_EQ_U64(b.src.console[1].addr, 0xb8000);
	bed_deinit(&b);
}

static void test_default_consoles(void)
{
	struct bed b;

	/* The last of them, at the place that sysfs knows. */
	bed_init(&b);
	sysroot_text(&b.root, "proc/cmdline",
		     "console=ttyS0 xconsole=ttyS7 console=ttyS5,115200n8 console=tty0\n");
	sysroot_text(&b.root, "sys/class/tty/ttyS5/io_type", "0\n");
	sysroot_text(&b.root, "sys/class/tty/ttyS5/port", "0xE000\n");
	CHECK_EQ_U64(bed_read(&b, NULL), 0);
	CHECK_EQ_U64(b.src.console_count, 1);
	check_port(&b, 0, 0xe000, 0);
	CHECK_STR(b.src.console_source, "console= of the running kernel");
	bed_deinit(&b);

	/* Registers in memory; and a VGA text screen beside it. */
	bed_init(&b);
	sysroot_text(&b.root, "proc/cmdline", "console=ttyS4\n");
	sysroot_text(&b.root, "sys/class/tty/ttyS4/io_type", "3\n");
	sysroot_text(&b.root, "sys/class/tty/ttyS4/iomem_base", "0xFE020000\n");
	sysroot_text(&b.root, "sys/class/tty/ttyS4/iomem_reg_shift", "2\n");
	b.params[0x00f] = 1;
	put_params(&b);
	CHECK_EQ_U64(bed_read(&b, NULL), 0);
	if (CHECK(b.src.console_count == 2)) {
		CHECK_EQ_U64(b.src.console[0].kind, PURG_CONSOLE_8250_MMIO);
		CHECK_EQ_U64(b.src.console[0].addr, 0xfe020000);
		CHECK_EQ_U64(b.src.console[0].reg_shift, 2);
		CHECK_EQ_U64(b.src.console[0].reg_width, 4);
		CHECK_EQ_U64(b.src.console[1].kind, PURG_CONSOLE_VGA_TEXT);
	}
	bed_deinit(&b);

	/* A port that nobody knows is no console. */
	bed_init(&b);
	sysroot_text(&b.root, "proc/cmdline", "console=ttyS9 console=ttyS\n");
	CHECK_EQ_U64(bed_read(&b, NULL), 0);
	CHECK_EQ_U64(b.src.console_count, 0);
	bed_deinit(&b);
}

/* Revision 2: a 16550 at I/O port 0x2f8. */
static void test_spcr(void)
{
	uint8_t spcr[80] = "SPCR";
	struct bed b;

	kx_put_le32(spcr + 4, sizeof(spcr));
	spcr[8] = 2;
	spcr[40] = 1;			/* system I/O */
	spcr[41] = 8;
	kx_put_le64(spcr + 44, 0x2f8);
	for (size_t i = 0; i < sizeof(spcr); i++)
		if (i != 9)
			spcr[9] = (uint8_t)(spcr[9] - spcr[i]);
	bed_init(&b);
	sysroot_text(&b.root, "proc/cmdline", "console=ttyS0\n");
	sysroot_put(&b.root, "sys/firmware/acpi/tables/SPCR", spcr, sizeof(spcr));
	CHECK_EQ_U64(bed_read(&b, NULL), 0);
	CHECK_EQ_U64(b.src.console_count, 1);
	check_port(&b, 0, 0x2f8, 0);
	CHECK_STR(b.src.console_source, "SPCR");
	bed_deinit(&b);

	/* A broken table is no reason not to boot. */
	bed_init(&b);
	sysroot_text(&b.root, "proc/cmdline", "console=ttyS0\n");
	sysroot_put(&b.root, "sys/firmware/acpi/tables/SPCR", spcr, 40);
	CHECK_EQ_U64(bed_read(&b, NULL), 0);
	check_port(&b, 0, 0x3f8, 0);
	bed_deinit(&b);
}

TEST_MAIN({ "firmware map", test_memmap },
	  { "map from /proc/iomem", test_iomem },
	  { "boot_params", test_boot_params },
	  { "EDD from sysfs", test_edd_sysfs },
	  { "EFI", test_efi },
	  { "acpi_rsdp=", test_rsdp_option },
	  { "la57", test_la57 },
	  { "consoles asked for", test_wishes },
	  { "consoles that make no sense", test_bad_wishes },
	  { "--serial and --console-vga", test_vga_wish },
	  { "consoles of the machine", test_default_consoles },
	  { "SPCR", test_spcr })
