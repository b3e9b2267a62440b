/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What only an arm64 machine has: its device tree, how PSCI is called, which parts
 * of its interrupt controller write to memory, and which UART is the console.  Called by sources.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "devicetree.h"
#include "kx/acpi.h"
#include "kx/fdt.h"
#include "kx/sys.h"

/* include/uapi/linux/serial_core.h */
#define PORT_8250_MAX	31	/* 1 to this are the 8250 family */
#define PORT_AMBA	32	/* PL011 and the SBSA UART */
#define UPIO_MEM	2
#define UPIO_MEM32	3

#define TTY_NAME_MAX	32

/* ---- device tree ------------------------------------------------------- */

/* The places that show the tree, best first. */
static const char *const tree_dirs[] = {
	"/sys/firmware/devicetree/base",
	"/proc/device-tree",
};

/* Only -ENOMEM; a tree that is not sound is left to the layout to complain about. */
static int read_fdt(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	struct kx_arm64_facts *f = &s->arm64;
	int r;

	r = kx_root_read(s->root, a, &f->fdt, err, "/sys/firmware/fdt");
	f->fdt_source = "/sys/firmware/fdt";
	for (size_t i = 0; r < 0 && r != -ENOMEM && i < 2; i++) {
		r = kx_devicetree_flatten(s->root, tree_dirs[i], a, &f->fdt, err);
		f->fdt_source = tree_dirs[i];
	}
	if (r == -ENOMEM)
		return r;
	if (r < 0 || f->fdt.len == 0) {
		f->fdt = KX_BYTES_NONE;
		f->fdt_source = NULL;
	}
	return 0;
}

/* ---- memory ------------------------------------------------------------ */

/*
 * arm64's /proc/iomem has the firmware's RAM as "System RAM" lines.  Without
 * privilege its addresses read 0, so the tree's memory nodes have to do.
 */
static int read_firmware(struct kx_sources *s, const void *fdt, struct kx_arena *a,
			 struct kx_err *err)
{
	int r;

	s->firmware_source = "/proc/iomem";
	for (size_t i = 0; i < s->iomem.n; i++) {
		const struct kx_mem *m = &s->iomem.v[i];

		if (m->type != KX_MEM_RAM || m->depth)
			continue;
		r = kx_memmap_add(&s->firmware, a, *m, err);
		if (r < 0)
			return r;
	}
	if (s->firmware.n || !fdt)
		return 0;
	s->firmware_source = s->arm64.fdt_source;
	r = kx_fdt_memory(fdt, a, &s->firmware, err);
	if (r == -ENOMEM)
		return r;
	kx_memmap_sort(&s->firmware);
	return 0;
}

/* ---- console ----------------------------------------------------------- */

static int tty_number(const struct kx_sources *s, const char *tty, const char *name,
		      uint64_t *ret, struct kx_err *err)
{
	int r = kx_root_u64(s->root, 0, ret, err, "/sys/class/tty/%s/%s", tty, name);

	if (r < 0)
		kx_err_wrap(err, "--serial=%s", tty);
	return r;
}

static int tty_check_name(const struct kx_sources *s, const char *tty, struct kx_err *err)
{
	if (!*tty || strlen(tty) > TTY_NAME_MAX || strchr(tty, '/') || *tty == '.')
		return kx_err_set(err, EINVAL,
				  "--serial=%s: expected the name of a terminal such as ttyAMA0", tty);
	if (!kx_root_exists(s->root, "/sys/class/tty/%s", tty))
		return kx_err_set(err, ENOENT, "--serial=%s: there is no /sys/class/tty/%s", tty, tty);
	return 0;
}

/* serial_core's attributes: Documentation/ABI/stable/sysfs-tty */
static int console_tty(const struct kx_sources *s, const char *tty, struct purg_console *ret,
		       struct kx_err *err)
{
	struct purg_console c = { .kind = PURG_CONSOLE_PL011 };
	uint64_t type, io, shift;
	int r;

	if (strncmp(tty, "/dev/", 5) == 0)
		tty += 5;
	r = tty_check_name(s, tty, err);
	if (r == 0)
		r = tty_number(s, tty, "iomem_base", &c.addr, err);
	if (r == 0)
		r = tty_number(s, tty, "type", &type, err);
	if (r == 0)
		r = tty_number(s, tty, "io_type", &io, err);
	if (r == 0)
		r = tty_number(s, tty, "iomem_reg_shift", &shift, err);
	if (r < 0)
		return r;
	if (!c.addr)
		return kx_err_set(err, EINVAL, "--serial=%s: iomem_base is 0: no memory-mapped port",
				  tty);
	if (type != PORT_AMBA) {
		if (type < 1 || type > PORT_8250_MAX || (io != UPIO_MEM && io != UPIO_MEM32) ||
		    shift > 4)
			return kx_err_set(err, EINVAL,
					  "--serial=%s: type %" PRIu64 ", io_type %" PRIu64
					  ": purgatory drives PL011 and memory-mapped 8250 only",
					  tty, type, io);
		c.kind = PURG_CONSOLE_8250_MMIO;
		c.reg_shift = (uint32_t)shift;
		c.reg_width = io == UPIO_MEM32 ? 4 : 1;
	}
	*ret = c;
	return 0;
}

static int console_spcr(const struct kx_sources *s, struct kx_arena *a, struct purg_console *ret)
{
	struct kx_bytes b;
	int r = kx_root_read(s->root, a, &b, NULL, "/sys/firmware/acpi/tables/SPCR");

	return r < 0 ? r : kx_acpi_spcr(b, ret, NULL);
}

static int read_console(struct kx_sources *s, const void *fdt,
			const struct kx_console_wish *wish, struct kx_arena *a,
			struct kx_err *err)
{
	struct purg_console *c = &s->console[0];
	int r;

	if (wish && wish->serial) {
		r = console_tty(s, wish->serial, c, err);
		if (r < 0)
			return r;
		s->console_source = "--serial";
	} else if (fdt && kx_fdt_console(fdt, c, NULL) == 0) {
		s->console_source = "stdout-path";
	} else {
		r = console_spcr(s, a, c);
		if (r == -ENOMEM)
			return kx_err_set(err, ENOMEM, "SPCR: out of memory");
		if (r < 0 || c->kind == PURG_CONSOLE_8250_PORT) {
			/* No I/O ports on arm64. */
			*c = (struct purg_console){ 0 };
			return 0;
		}
		s->console_source = "SPCR";
	}
	s->console_count = 1;
	return 0;
}

/* ---- PSCI -------------------------------------------------------------- */

static int read_psci(struct kx_sources *s, const void *fdt, struct kx_arena *a,
		     struct kx_err *err)
{
	struct kx_bytes b;
	int r;

	if (fdt)
		s->arm64.psci = kx_fdt_psci(fdt);
	if (s->arm64.psci != PURG_PSCI_NONE)
		return 0;
	r = kx_root_read(s->root, a, &b, NULL, "/sys/firmware/acpi/tables/FACP");
	if (r == -ENOMEM)
		return kx_err_set(err, ENOMEM, "FACP: out of memory");
	/* Without it purgatory halts where it would reset. */
	if (r < 0 || kx_acpi_fadt_psci(b, &s->arm64.psci, NULL) < 0)
		s->arm64.psci = PURG_PSCI_NONE;
	return 0;
}

/* ---- interrupt controller ---------------------------------------------- */

/* Where the kernel has it from; what is not sound is not touched. */
static int read_gic(struct kx_sources *s, const void *fdt, struct kx_arena *a, struct kx_err *err)
{
	struct kx_bytes b;
	int r;

	if (!s->arm64.acpi) {
		if (!fdt || kx_fdt_gic(fdt, &s->arm64.gic, NULL) < 0)
			s->arm64.gic = (struct kx_gic){ 0 };
		return 0;
	}
	r = kx_root_read(s->root, a, &b, NULL, "/sys/firmware/acpi/tables/APIC");
	if (r == -ENOMEM)
		return kx_err_set(err, ENOMEM, "APIC: out of memory");
	if (r < 0 || kx_acpi_madt_gic(b, &s->arm64.gic, NULL) < 0)
		s->arm64.gic = (struct kx_gic){ 0 };
	return 0;
}

/* Is @word one of the space-separated words of @line? */
static bool has_word(const char *line, size_t len, const char *word)
{
	size_t want = strlen(word);

	for (size_t i = 0; i + want <= len; i++)
		if (memcmp(line + i, word, want) == 0 && (i == 0 || line[i - 1] == ' ') &&
		    (i + want == len || line[i + want] == ' '))
			return true;
	return false;
}

/*
 * One "Features" line for each CPU; all have to know the instructions, since
 * the one that purgatory runs on is not chosen here.  Nothing known: they do,
 * as nearly all in use.
 */
static int read_sha2(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	static const char name[] = "Features";
	const char *line;
	struct kx_bytes b;
	int r;

	r = kx_root_read(s->root, a, &b, NULL, "/proc/cpuinfo");
	if (r == -ENOMEM)
		return kx_err_set(err, ENOMEM, "/proc/cpuinfo: out of memory");
	if (r < 0)
		return 0;
	for (line = (const char *)b.data; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, sizeof(name) - 1) == 0 &&
		    !has_word(line, strcspn(line, "\n"), "sha2") &&
		    has_word(line, strcspn(line, "\n"), "asimd"))
			s->sha256_by_four = true;
	}
	return 0;
}

int kx_sources_read_arm64(struct kx_sources *s, const struct kx_console_wish *wish,
			  struct kx_arena *a, struct kx_err *err)
{
	const void *fdt = NULL;
	int r;

	r = read_fdt(s, a, err);
	if (r < 0)
		return r;
	if (s->arm64.fdt.len && kx_fdt_open(s->arm64.fdt, a, &fdt, err) == -ENOMEM)
		return -ENOMEM;
	s->arm64.efi = kx_root_exists(s->root, "/sys/firmware/efi");
	s->arm64.acpi = kx_root_exists(s->root, "/sys/firmware/acpi/tables") &&
			(!fdt || kx_fdt_is_stub(fdt));
	r = read_firmware(s, fdt, a, err);
	if (r == 0)
		r = read_psci(s, fdt, a, err);
	if (r == 0)
		r = read_gic(s, fdt, a, err);
	if (r == 0)
		r = read_sha2(s, a, err);
	if (r == 0)
		r = read_console(s, fdt, wish, a, err);
	return r;
}
