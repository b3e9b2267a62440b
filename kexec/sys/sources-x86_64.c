/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Facts of an x86_64 machine: the firmware's memory map, the boot_params the
 * running kernel was given, EFI, paging.  Disks are in sources-edd.c, consoles in
 * console-x86_64.c.  Called by sources.c through its table.
 *
 * Documentation/ABI/testing/sysfs-firmware-memmap, -efi, -efi-runtime-map and
 * sysfs-kernel-boot_params; boot_params offsets from
 * Documentation/arch/x86/zero-page.rst.
 */
#include <errno.h>
#include <string.h>

#include "facts.h"
#include "kx/cmdline.h"
#include "kx/iomem.h"
#include "kx/number.h"
#include "kx/sys.h"
#include "x86_64.h"

#define SCREEN_INFO_LEN		0x40
#define BP_ACPI_RSDP_ADDR	0x070
#define BP_EFI_SIGNATURE	0x1c0	/* struct efi_info */
#define BP_EFI_SYSTAB		0x1c4
#define BP_EFI_SYSTAB_HI	0x1d8

#define MEMMAP			"sys/firmware/memmap"
#define RUNTIME_MAP		"sys/firmware/efi/runtime-map"

static struct kx_opt_u64 number(const struct kx_sources *s, const char *path)
{
	struct kx_opt_u64 v = { 0 };

	v.known = kx_root_u64(s->root, 0, &v.value, NULL, "%s", path) == 0;
	return v;
}

/* Names in @dir, *ret_n of them; none when it is missing. Only -ENOMEM. */
static int list(const struct kx_sources *s, struct kx_arena *a, const char *dir, char ***ret,
		size_t *ret_n, struct kx_err *err)
{
	int r = kx_root_list(s->root, a, dir, ret, err);

	*ret_n = 0;
	while (r == 0 && (*ret)[*ret_n])
		(*ret_n)++;
	return r == -ENOMEM ? r : 0;
}

/* ---- memory ---------------------------------------------------------------- */

/* One directory of /sys/firmware/memmap; the ends there are inclusive. */
static int add_memmap_entry(struct kx_sources *s, struct kx_arena *a, const char *name,
			    struct kx_err *err)
{
	struct kx_mem m = { 0 };
	uint64_t last;
	int r;

	if (kx_root_u64(s->root, 0, &m.r.start, NULL, MEMMAP "/%s/start", name) < 0 ||
	    kx_root_u64(s->root, 0, &last, NULL, MEMMAP "/%s/end", name) < 0 ||
	    last < m.r.start)
		return 0;
	m.r.end = last == UINT64_MAX ? last : last + 1;
	r = kx_fact_text(s->root, a, &m.name, err, MEMMAP "/%s/type", name);
	if (r < 0)
		return r;
	/* What has no type we know ("Unknown E820 type") is nobody's to use. */
	m.type = kx_iomem_type(m.name);
	if (m.type == KX_MEM_OTHER)
		m.type = KX_MEM_RESERVED;
	return kx_memmap_add(&s->firmware, a, m, err);
}

/*
 * The running kernel's view, for machines without CONFIG_FIRMWARE_MEMMAP and
 * for add_efi_memmap, with which the firmware's E820 table is not all there is.
 * Only names of E820 types count, and of those nested in one another the
 * outermost: what is inside System RAM is the running kernel's business.
 */
static int copy_iomem(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	struct kx_range outer = { 0, 0 };

	for (size_t i = 0; i < s->iomem.n; i++) {
		struct kx_mem m = s->iomem.v[i];
		int r;

		if (m.type == KX_MEM_OTHER || kx_range_contains(outer, m.r))
			continue;
		outer = m.r;
		m.depth = 0;
		r = kx_memmap_add(&s->firmware, a, m, err);
		if (r < 0)
			return r;
	}
	s->firmware_source = "/proc/iomem";
	return 0;
}

static int read_memory(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	char **names = NULL;
	size_t n;
	int r;

	if (kx_cmdline_get(s->cmdline, "add_efi_memmap", NULL))
		return copy_iomem(s, a, err);
	r = list(s, a, MEMMAP, &names, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_memmap_entry(s, a, names[i], err);
	if (r < 0)
		return r;
	if (s->firmware.n == 0)
		return copy_iomem(s, a, err);
	kx_memmap_sort(&s->firmware);
	s->firmware_source = "/" MEMMAP;
	return 0;
}

/* ---- boot_params ------------------------------------------------------------ */

static int read_boot_params(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	static const char *const paths[] = {
		"sys/kernel/boot_params/data", "sys/kernel/debug/boot_params/data"
	};
	struct kx_bytes b;
	uint64_t rsdp;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		int r = kx_root_read(s->root, a, &b, NULL, "%s", paths[i]);

		if (r == -ENOMEM)
			return kx_err_set(err, ENOMEM, "%s/%s: out of memory", s->root, paths[i]);
		if (r < 0 || b.len != KX_BOOT_PARAMS_LEN)
			continue;
		s->x86.boot_params = b;
		s->x86.screen_info = (struct kx_bytes){ b.data, SCREEN_INFO_LEN };
		if (kx_bytes_le64(b, BP_ACPI_RSDP_ADDR, &rsdp) && rsdp)
			s->x86.rsdp = (struct kx_opt_u64){ true, rsdp };
		return 0;
	}
	return 0;
}

/* ---- EFI --------------------------------------------------------------------- */

/* The value of "NAME=0x…" on a line of its own. */
static struct kx_opt_u64 systab_line(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		struct kx_opt_u64 v = { true, 0 };
		char word[24] = "";
		size_t n;

		if (strncmp(p, name, len) || p[len] != '=')
			continue;
		n = strcspn(p + len + 1, "\n");
		if (n >= sizeof(word))
			continue;
		memcpy(word, p + len + 1, n);
		if (kx_number_parse(word, 0, &v.value, NULL) == 0 && v.value)
			return v;
	}
	return (struct kx_opt_u64){ 0 };
}

static int read_systab(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	const char *text;
	int r;

	r = kx_fact_text(s->root, a, &text, err, "sys/firmware/efi/systab");
	if (r < 0)
		return r;
	s->x86.smbios = systab_line(text, "SMBIOS");
	if (!s->x86.rsdp.known)
		s->x86.rsdp = systab_line(text, "ACPI20");
	if (!s->x86.rsdp.known)
		s->x86.rsdp = systab_line(text, "ACPI");
	return 0;
}

static bool read_region(const struct kx_sources *s, const char *name, struct kx_efi_region *ret)
{
	uint64_t type = 0;
	const struct {
		const char *file;
		uint64_t *value;
	} fields[] = {
		{ "type", &type },
		{ "phys_addr", &ret->pa },
		{ "virt_addr", &ret->va },
		{ "num_pages", &ret->pages },
		{ "attribute", &ret->attribute },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (kx_root_u64(s->root, 0, fields[i].value, NULL, RUNTIME_MAP "/%s/%s", name,
				fields[i].file) < 0)
			return false;
	ret->type = (uint32_t)type;
	return type <= UINT32_MAX;
}

/* All of it or nothing: a service that calls into a region that is not mapped is an oops. */
static int read_runtime_map(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	struct kx_efi_region *v;
	char **names = NULL;
	size_t n;
	int r;

	r = list(s, a, RUNTIME_MAP, &names, &n, err);
	if (r < 0 || n == 0)
		return r;
	v = kx_arena_alloc(a, n * sizeof(*v));
	if (!v)
		return kx_err_set(err, ENOMEM, RUNTIME_MAP ": out of memory for %zu regions", n);
	for (size_t i = 0; i < n; i++)
		if (!read_region(s, names[i], &v[i]))
			return 0;
	s->x86.runtime = v;
	s->x86.runtime_count = n;
	return 0;
}

static int read_efi(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	struct kx_x86_facts *f = &s->x86;
	struct kx_opt_u64 bits;
	uint32_t low, high;
	int r;

	f->efi = kx_root_exists(s->root, "sys/firmware/efi");
	if (!f->efi)
		return 0;
	bits = number(s, "sys/firmware/efi/fw_platform_size");
	f->efi64 = bits.known ? bits.value == 64 :
		   f->boot_params.len && !memcmp(f->boot_params.data + BP_EFI_SIGNATURE, "EL64", 4);
	f->fw_vendor = number(s, "sys/firmware/efi/fw_vendor");
	f->efi_runtime = number(s, "sys/firmware/efi/runtime");
	f->config_table = number(s, "sys/firmware/efi/config_table");
	if (kx_bytes_le32(f->boot_params, BP_EFI_SYSTAB, &low) &&
	    kx_bytes_le32(f->boot_params, BP_EFI_SYSTAB_HI, &high) && (low || high))
		f->efi_systab = (struct kx_opt_u64){ true, (uint64_t)high << 32 | low };
	r = read_systab(s, a, err);
	return r < 0 ? r : read_runtime_map(s, a, err);
}

/* ---- the rest ------------------------------------------------------------------ */

/* "acpi_rsdp=ADDR" (hexadecimal): how a kernel without EFI was told. */
static void read_rsdp_option(struct kx_sources *s)
{
	struct kx_bytes value = KX_BYTES_NONE;
	char word[24] = "";

	if (s->x86.rsdp.known || !kx_cmdline_get(s->cmdline, "acpi_rsdp", &value) ||
	    value.len >= sizeof(word))
		return;
	memcpy(word, value.data, value.len);
	if (!strncmp(word, "0x", 2))
		memmove(word, word + 2, sizeof(word) - 2);
	s->x86.rsdp.known = kx_number_parse(word, 16, &s->x86.rsdp.value, NULL) == 0;
}

/*
 * "la57" in the first processor's flags.  The kernel clears it when it runs
 * with 4 levels (arch/x86/kernel/cpu/common.c, early_identify_cpu()).
 */
static int read_paging(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	const char *text, *flags;
	char *line;
	int r;

	r = kx_fact_text(s->root, a, &text, err, "proc/cpuinfo");
	if (r < 0)
		return r;
	flags = strstr(text, "\nflags");
	if (!flags)
		return 0;
	line = kx_arena_printf(a, "%.*s", (int)strcspn(flags + 1, "\n"), flags + 1);
	if (!line)
		return kx_err_set(err, ENOMEM, "proc/cpuinfo: out of memory");
	s->x86.la57 = kx_cmdline_get(line, "la57", NULL);
	return 0;
}

int kx_sources_read_x86(struct kx_sources *s, const struct kx_console_wish *wish,
			struct kx_arena *a, struct kx_err *err)
{
	int r;

	r = read_memory(s, a, err);
	if (r == 0)
		r = read_boot_params(s, a, err);
	if (r == 0)
		r = read_efi(s, a, err);
	if (r < 0)
		return r;
	read_rsdp_option(s);
	r = read_paging(s, a, err);
	if (r == 0)
		r = kx_edd_read(s, a, err);
	return r < 0 ? r : kx_consoles_x86(s, wish, a, err);
}
