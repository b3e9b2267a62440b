/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a device tree says about the console, PSCI, the GIC and memory.  The trees come
 * from kx_fdt_open(), so their structure is sound; their content is not.
 *
 * Sources: Devicetree Specification v0.4 (2.3 reg and ranges, 3.6 /chosen) and
 * the bindings arm,psci.yaml, serial/pl011.yaml, serial/8250.yaml.
 */
#include <errno.h>
#include <inttypes.h>
#include <libfdt.h>
#include <string.h>

#include "kx/fdt.h"
#include "kx/gic.h"

/* UARTs we can drive, most specific first does not matter: any match decides. */
static const struct uart {
	const char *compatible;
	enum purg_console_kind kind;
} uarts[] = {
	{ "arm,pl011", PURG_CONSOLE_PL011 },
	{ "arm,sbsa-uart", PURG_CONSOLE_PL011 },
	{ "ns16550a", PURG_CONSOLE_8250_MMIO },
	{ "ns16550", PURG_CONSOLE_8250_MMIO },
	{ "ns16450", PURG_CONSOLE_8250_MMIO },
	{ "ns8250", PURG_CONSOLE_8250_MMIO },
	{ "snps,dw-apb-uart", PURG_CONSOLE_8250_MMIO },
	{ "nvidia,tegra20-uart", PURG_CONSOLE_8250_MMIO },
};

static const char *string_prop(const void *fdt, int node, const char *name)
{
	/* Checks the terminating NUL, unlike fdt_getprop(). */
	return fdt_stringlist_get(fdt, node, name, 0, NULL);
}

/* A property of one cell, or @def without it. */
static uint32_t u32_prop(const void *fdt, int node, const char *name, uint32_t def)
{
	int len;
	const void *p = fdt_getprop(fdt, node, name, &len);

	return p && len == 4 ? fdt32_ld(p) : def;
}

/*
 * One step of address translation: @addr of a child of @bus into the view of
 * the bus above it.
 */
static int translate(const void *fdt, int bus, int parent, uint64_t *addr, struct kx_err *err)
{
	int child_cells = fdt_address_cells(fdt, bus);
	int parent_cells = fdt_address_cells(fdt, parent);
	int size_cells = fdt_size_cells(fdt, bus);
	int len, entry = 4 * (child_cells + parent_cells + size_cells);
	const char *name = fdt_get_name(fdt, bus, NULL);
	const uint8_t *ranges = fdt_getprop(fdt, bus, "ranges", &len);

	if (!ranges)
		return kx_err_set(err, ENOEXEC, "device tree: %s: no ranges to translate 0x%" PRIx64,
				  name, *addr);
	if (len == 0)		/* "the parent and child address space is identical" */
		return 0;
	if (child_cells < 0 || parent_cells < 0 || size_cells < 0 || entry == 0)
		return kx_err_set(err, ENOEXEC, "device tree: %s: bad #address-cells or #size-cells",
				  name);
	for (int off = 0; off <= len - entry; off += entry) {
		const uint8_t *p = ranges + off;
		uint64_t child, above, size;

		if (!kx_fdt_number(p, child_cells, &child) ||
		    !kx_fdt_number(p + 4 * child_cells, parent_cells, &above) ||
		    !kx_fdt_number(p + 4 * (child_cells + parent_cells), size_cells, &size))
			return kx_err_set(err, EOPNOTSUPP,
					  "device tree: %s: addresses of more than two cells", name);
		if (*addr < child || *addr - child >= size)
			continue;
		if (__builtin_add_overflow(above, *addr - child, addr))
			break;
		return 0;
	}
	return kx_err_set(err, ENOEXEC, "device tree: %s: ranges do not cover 0x%" PRIx64,
			  name, *addr);
}

/* Entry @index of @node's reg as the CPU sees it; @ret_len may be NULL. */
static int node_reg(const void *fdt, int node, uint32_t index, uint64_t *ret, uint64_t *ret_len,
		    struct kx_err *err)
{
	const char *name = fdt_get_name(fdt, node, NULL);
	int bus = fdt_parent_offset(fdt, node), len, cells, size_cells;
	const uint8_t *reg = fdt_getprop(fdt, node, "reg", &len);
	uint64_t addr, size = 0, entry;

	if (bus < 0 || !reg)
		return kx_err_set(err, ENOEXEC, "device tree: %s: no reg", name);
	cells = fdt_address_cells(fdt, bus);
	size_cells = ret_len || index ? fdt_size_cells(fdt, bus) : 0;
	if (cells < 1 || size_cells < 0)
		return kx_err_set(err, ENOEXEC, "device tree: %s: reg: no address of 1 or 2 cells",
				  name);
	entry = 4 * ((uint64_t)cells + (uint64_t)size_cells);
	if ((uint64_t)len / entry <= index || !kx_fdt_number(reg + entry * index, cells, &addr) ||
	    (ret_len && !kx_fdt_number(reg + entry * index + 4 * cells, size_cells, &size)))
		return kx_err_set(err, ENOEXEC, index ? "device tree: %s: reg: too short" :
				  "device tree: %s: reg: no address of 1 or 2 cells", name);
	for (int up = fdt_parent_offset(fdt, bus); up >= 0; up = fdt_parent_offset(fdt, bus)) {
		int r = translate(fdt, bus, up, &addr, err);

		if (r < 0)
			return r;
		bus = up;
	}
	*ret = addr;
	if (ret_len)
		*ret_len = size;
	return 0;
}

/* The first address of @node's reg. */
static int node_address(const void *fdt, int node, uint64_t *ret, struct kx_err *err)
{
	return node_reg(fdt, node, 0, ret, NULL, err);
}

static const struct uart *uart_find(const void *fdt, int node)
{
	for (size_t i = 0; i < sizeof(uarts) / sizeof(uarts[0]); i++)
		if (fdt_node_check_compatible(fdt, node, uarts[i].compatible) == 0)
			return &uarts[i];
	return NULL;
}

/* Registers of an 8250: binding serial/8250.yaml. */
static int console_8250(const void *fdt, int node, struct purg_console *c, struct kx_err *err)
{
	uint32_t offset = u32_prop(fdt, node, "reg-offset", 0);

	c->reg_shift = u32_prop(fdt, node, "reg-shift", 0);
	c->reg_width = u32_prop(fdt, node, "reg-io-width", 1);
	if (c->reg_shift > 4 || (c->reg_width != 1 && c->reg_width != 4) ||
	    __builtin_add_overflow(c->addr, offset, &c->addr))
		return kx_err_set(err, EOPNOTSUPP,
				  "device tree: %s: reg-shift %" PRIu32 ", reg-io-width %" PRIu32
				  " (at most 4, and 1 or 4, are known)",
				  fdt_get_name(fdt, node, NULL), c->reg_shift, c->reg_width);
	return 0;
}

/* The node stdout-path names: a path or an alias, options behind a colon. */
static int stdout_node(const void *fdt, const char **ret_path)
{
	int chosen = fdt_path_offset(fdt, "/chosen");
	const char *path = NULL;

	if (chosen >= 0)
		path = string_prop(fdt, chosen, "stdout-path");
	if (chosen >= 0 && !path)
		path = string_prop(fdt, chosen, "linux,stdout-path");
	*ret_path = path;
	if (!path)
		return -FDT_ERR_NOTFOUND;
	return fdt_path_offset_namelen(fdt, path, (int)strcspn(path, ":"));
}

int kx_fdt_console(const void *fdt, struct purg_console *ret, struct kx_err *err)
{
	struct purg_console c = { 0 };
	const struct uart *uart;
	const char *path, *name;
	int node, r;

	node = stdout_node(fdt, &path);
	if (!path)
		return kx_err_set(err, ENOENT, "device tree: /chosen has no stdout-path");
	if (node < 0)
		return kx_err_set(err, ENOEXEC, "device tree: stdout-path \"%s\": %s", path,
				  fdt_strerror(node));
	uart = uart_find(fdt, node);
	if (!uart) {
		name = string_prop(fdt, node, "compatible");
		return kx_err_set(err, EOPNOTSUPP,
				  "device tree: stdout-path \"%s\": no driver for \"%s\" in purgatory",
				  path, name ? name : "a node without compatible");
	}
	c.kind = uart->kind;
	r = node_address(fdt, node, &c.addr, err);
	if (r == 0 && c.kind == PURG_CONSOLE_8250_MMIO)
		r = console_8250(fdt, node, &c, err);
	if (r < 0)
		return r;
	*ret = c;
	return 0;
}

uint32_t kx_fdt_psci(const void *fdt)
{
	/* PSCI 0.1 ("arm,psci") has no SYSTEM_RESET. */
	static const char *const versions[] = { "arm,psci-1.0", "arm,psci-0.2" };
	const char *method = NULL;

	for (size_t i = 0; !method && i < sizeof(versions) / sizeof(versions[0]); i++) {
		int node = fdt_node_offset_by_compatible(fdt, -1, versions[i]);

		if (node >= 0)
			method = string_prop(fdt, node, "method");
	}
	if (method && strcmp(method, "hvc") == 0)
		return PURG_PSCI_HVC;
	if (method && strcmp(method, "smc") == 0)
		return PURG_PSCI_SMC;
	return PURG_PSCI_NONE;
}

bool kx_fdt_is_stub(const void *fdt)
{
	int node;

	fdt_for_each_subnode(node, fdt, 0) {
		const char *name = fdt_get_name(fdt, node, NULL);

		if (!name || (strcmp(name, "chosen") && strcmp(name, "hypervisor")))
			return false;
	}
	return true;
}

static int memory_node(const void *fdt, int node, struct kx_arena *a, struct kx_memmap *ret,
		       struct kx_err *err)
{
	int ac = fdt_address_cells(fdt, 0), sc = fdt_size_cells(fdt, 0), len;
	const uint8_t *reg = fdt_getprop(fdt, node, "reg", &len);
	const char *name = fdt_get_name(fdt, node, NULL);
	int entry = 4 * (ac + sc);

	if (!reg || ac < 1 || sc < 1 || len % entry)
		return kx_err_set(err, ENOEXEC, "device tree: %s: reg is no list of ranges", name);
	for (int off = 0; off < len; off += entry) {
		struct kx_mem m = { .type = KX_MEM_RAM, .name = "System RAM" };
		uint64_t start, size;
		int r;

		if (!kx_fdt_number(reg + off, ac, &start) ||
		    !kx_fdt_number(reg + off + 4 * ac, sc, &size) ||
		    !kx_range_make(start, size, &m.r))
			return kx_err_set(err, ENOEXEC, "device tree: %s: reg: no range of memory",
					  name);
		r = kx_memmap_add(ret, a, m, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int kx_fdt_memory(const void *fdt, struct kx_arena *a, struct kx_memmap *ret,
		  struct kx_err *err)
{
	int node;

	fdt_for_each_subnode(node, fdt, 0) {
		const char *type = string_prop(fdt, node, "device_type");
		int r;

		if (!type || strcmp(type, "memory"))
			continue;
		r = memory_node(fdt, node, a, ret, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Devicetree Specification v0.4, 2.3.4: no status is "okay". */
static bool is_enabled(const void *fdt, int node)
{
	const char *status = string_prop(fdt, node, "status");

	return !fdt_getprop(fdt, node, "status", NULL) ||
	       (status && (strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0));
}

/*
 * interrupt-controller/arm,gic-v3.yaml: "Specifies base physical address(s) and size
 * of the GIC registers, in the following order: GIC Distributor interface (GICD), GIC
 * Redistributors (GICR), one range per redistributor region [...]".
 */
static int gicv3_node(const void *fdt, int node, struct kx_gic *g, struct kx_err *err)
{
	uint32_t regions = u32_prop(fdt, node, "#redistributor-regions", 1);
	int len;
	const void *stride = fdt_getprop(fdt, node, "redistributor-stride", &len);

	for (uint32_t i = 0; i < regions; i++) {
		struct purg_gicr r = { 0 };
		int rc = node_reg(fdt, node, 1 + i, &r.pa, &r.len, err);

		if (rc == 0 && stride && !kx_fdt_number(stride, len / 4, &r.stride))
			rc = kx_err_set(err, ENOEXEC, "device tree: %s: redistributor-stride: expected"
					" one or two cells, have %d bytes",
					fdt_get_name(fdt, node, NULL), len);
		if (rc == 0)
			rc = kx_gic_add_gicr(g, r, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int kx_fdt_gic(const void *fdt, struct kx_gic *ret, struct kx_err *err)
{
	struct kx_gic g = { 0 };
	int node = fdt_node_offset_by_compatible(fdt, -1, "arm,gic-v3");
	int r;

	if (node >= 0 && is_enabled(fdt, node)) {
		r = gicv3_node(fdt, node, &g, err);
		if (r < 0)
			return r;
	}
	for (node = fdt_node_offset_by_compatible(fdt, -1, "arm,gic-v3-its"); node >= 0;
	     node = fdt_node_offset_by_compatible(fdt, node, "arm,gic-v3-its")) {
		uint64_t pa;

		if (!is_enabled(fdt, node))
			continue;
		r = node_address(fdt, node, &pa, err);
		if (r == 0)
			r = kx_gic_add_its(&g, pa, err);
		if (r < 0)
			return r;
	}
	*ret = g;
	return 0;
}
