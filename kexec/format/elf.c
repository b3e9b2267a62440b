/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ELF executables (System V gABI, chapters 4 and 5; ELF-64 object file format):
 * vmlinux of both architectures, and anything else that wants to be entered
 * with its PT_LOADs in place.
 *
 * The linker's addresses differ: in an x86 vmlinux p_paddr and e_entry are
 * physical (and old kernels have a per-CPU PT_LOAD at virtual address 0); an
 * arm64 vmlinux has p_paddr = p_vaddr, both virtual, and starts with the
 * header of an Image, which says where it may go.
 */
#include <errno.h>
#include <inttypes.h>

#include "formats.h"
#include "kx/range.h"

#define ELFCLASS32	1
#define ELFCLASS64	2
#define ELFDATA2LSB	1
#define ELFDATA2MSB	2
#define ET_EXEC		2
#define ET_DYN		3
#define PT_LOAD		1
#define PT_INTERP	3
#define PN_XNUM		0xffff

#define EHDR_LEN	64
#define PHDR_LEN	56

/* kexec_load(2) takes 16 segments; far more PT_LOADs are no kernel. */
#define LOADS_MAX	64

struct name {
	uint16_t value;
	const char *name;
};

static const struct name machine_names[] = {
	{ 2, "SPARC" }, { 3, "i386" }, { 4, "m68k" }, { 8, "MIPS" }, { 15, "PA-RISC" },
	{ 20, "PowerPC" }, { 21, "PowerPC64" }, { 22, "s390" }, { 40, "Arm" },
	{ 42, "SuperH" }, { 43, "SPARC64" }, { 50, "ia64" }, { 62, "x86_64" },
	{ 183, "arm64" }, { 243, "RISC-V" }, { 247, "BPF" }, { 258, "LoongArch" },
};

static const struct name type_names[] = {
	{ 1, "object file" }, { ET_EXEC, "executable" }, { ET_DYN, "shared object" },
	{ 4, "core dump" },
};

/* Machines we can enter, and their ELF numbers. */
static const struct {
	uint16_t elf;
	enum kx_machine machine;
} machines[] = {
	{ 62, KX_MACHINE_X86_64 },
	{ 183, KX_MACHINE_ARM64 },
};

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static const char *name_of(const struct name *names, size_t n, uint16_t value)
{
	for (size_t i = 0; i < n; i++)
		if (names[i].value == value)
			return names[i].name;
	return "unknown";
}

struct header {
	uint16_t machine;
	uint64_t entry;
	uint64_t phoff;
	uint16_t phnum;
};

static bool elf_probe(struct kx_bytes b)
{
	return kx_bytes_starts(b, "\177ELF", 4);
}

static int ident_check(struct kx_bytes b, struct kx_err *err)
{
	struct kx_rd rd = kx_rd_make(b, KX_LE);
	uint8_t class, data;
	uint16_t machine;

	kx_rd_seek(&rd, 4);
	class = kx_rd_u8(&rd);
	data = kx_rd_u8(&rd);
	/* e_machine is at the same place in both classes. */
	rd.endian = data == ELFDATA2MSB ? KX_BE : KX_LE;
	kx_rd_seek(&rd, 18);
	machine = kx_rd_u16(&rd);
	if (rd.bad)
		return kx_err_set(err, ENOEXEC, "header: expected %u bytes, have %zu", EHDR_LEN,
				  b.len);
	if (class == ELFCLASS32)
		return kx_err_set(err, EOPNOTSUPP,
				  "class: expected a 64-bit kernel, have a 32-bit one "
				  "for machine %u (%s)",
				  machine, name_of(machine_names, COUNT(machine_names), machine));
	if (class != ELFCLASS64)
		return kx_err_set(err, ENOEXEC, "class: expected 2 (64-bit), have %u", class);
	if (data == ELFDATA2MSB)
		return kx_err_set(err, EOPNOTSUPP,
				  "data: expected little-endian, have big-endian "
				  "for machine %u (%s)",
				  machine, name_of(machine_names, COUNT(machine_names), machine));
	if (data != ELFDATA2LSB)
		return kx_err_set(err, ENOEXEC, "data: expected 1 (little-endian), have %u", data);
	return 0;
}

static int machine_find(uint16_t elf, enum kx_machine *ret, struct kx_err *err)
{
	for (size_t i = 0; i < COUNT(machines); i++) {
		if (machines[i].elf == elf) {
			*ret = machines[i].machine;
			return 0;
		}
	}
	return kx_err_set(err, EOPNOTSUPP,
			  "machine: expected 62 (x86_64) or 183 (arm64), have %u (%s)",
			  elf, name_of(machine_names, COUNT(machine_names), elf));
}

static int header_parse(struct kx_bytes b, struct header *ret, struct kx_err *err)
{
	struct kx_rd rd = kx_rd_make(b, KX_LE);
	uint16_t type, phentsize;
	uint32_t version;

	kx_rd_seek(&rd, 16);
	type = kx_rd_u16(&rd);
	ret->machine = kx_rd_u16(&rd);
	version = kx_rd_u32(&rd);
	ret->entry = kx_rd_u64(&rd);
	ret->phoff = kx_rd_u64(&rd);
	kx_rd_skip(&rd, 8 + 4 + 2);
	phentsize = kx_rd_u16(&rd);
	ret->phnum = kx_rd_u16(&rd);
	kx_rd_skip(&rd, 6);
	if (rd.bad)
		return kx_err_set(err, ENOEXEC, "header: expected %u bytes, have %zu", EHDR_LEN,
				  b.len);
	if (type != ET_EXEC && type != ET_DYN)
		return kx_err_set(err, ENOEXEC,
				  "type: expected 2 (executable) or 3 (shared object), "
				  "have %u (%s)",
				  type, name_of(type_names, COUNT(type_names), type));
	if (version != 1)
		return kx_err_set(err, ENOEXEC, "version: expected 1, have %u", version);
	if (phentsize != PHDR_LEN)
		return kx_err_set(err, ENOEXEC, "phentsize: expected %u, have %u", PHDR_LEN,
				  phentsize);
	if (ret->phnum == 0 || ret->phnum == PN_XNUM)
		return kx_err_set(err, ENOEXEC, "phnum: expected 1 to %u, have %u", PN_XNUM - 1,
				  ret->phnum);
	return 0;
}

/*
 * One program header, already known to lie inside the file.  Sets *ret_used if
 * it is a PT_LOAD that occupies memory.
 */
static int load_parse(struct kx_bytes b, struct kx_bytes phdr, unsigned int i,
		      struct kx_elf_load *ret, bool *ret_used, struct kx_err *err)
{
	struct kx_rd rd = kx_rd_make(phdr, KX_LE);
	uint32_t type = kx_rd_u32(&rd);
	uint64_t offset, file_len;
	struct kx_range mem;

	*ret_used = false;
	if (type == PT_INTERP)
		return kx_err_set(err, ENOEXEC,
				  "program header %u: expected a kernel, have a program "
				  "with an interpreter (PT_INTERP)", i);
	if (type != PT_LOAD)
		return 0;
	kx_rd_skip(&rd, 4);
	offset = kx_rd_u64(&rd);
	ret->va = kx_rd_u64(&rd);
	ret->pa = kx_rd_u64(&rd);
	file_len = kx_rd_u64(&rd);
	ret->mem_len = kx_rd_u64(&rd);
	if (file_len > ret->mem_len)
		return kx_err_set(err, ENOEXEC,
				  "program header %u: filesz: expected at most memsz 0x%" PRIx64
				  ", have 0x%" PRIx64, i, ret->mem_len, file_len);
	if (!kx_bytes_sub(b, offset, file_len, &ret->bytes))
		return kx_err_set(err, ENOEXEC,
				  "program header %u: expected 0x%" PRIx64 " bytes at offset 0x%"
				  PRIx64 ", the file has 0x%zx", i, file_len, offset, b.len);
	if (!kx_range_make(ret->pa, ret->mem_len, &mem) ||
	    !kx_range_make(ret->va, ret->mem_len, &mem))
		return kx_err_set(err, ENOEXEC,
				  "program header %u: memsz: expected an end below 2^64, have "
				  "vaddr 0x%" PRIx64 ", paddr 0x%" PRIx64 ", memsz 0x%" PRIx64,
				  i, ret->va, ret->pa, ret->mem_len);
	*ret_used = ret->mem_len > 0;
	return 0;
}

static int loads_parse(struct kx_bytes b, const struct header *h, struct kx_arena *a,
		       struct kx_elf *ret, struct kx_err *err)
{
	uint64_t table_len = (uint64_t)h->phnum * PHDR_LEN;
	struct kx_bytes table, phdr;
	bool used;
	int r;

	if (!kx_bytes_sub(b, h->phoff, table_len, &table))
		return kx_err_set(err, ENOEXEC,
				  "program headers: expected 0x%" PRIx64 " bytes at offset 0x%"
				  PRIx64 ", the file has 0x%zx", table_len, h->phoff, b.len);
	ret->load = kx_arena_alloc(a, LOADS_MAX * sizeof(ret->load[0]));
	if (!ret->load)
		return kx_err_set(err, ENOMEM, "no memory for %u program headers", LOADS_MAX);
	for (unsigned int i = 0; i < h->phnum; i++) {
		struct kx_elf_load load;

		if (!kx_bytes_sub(table, (uint64_t)i * PHDR_LEN, PHDR_LEN, &phdr))
			break;
		r = load_parse(b, phdr, i, &load, &used, err);
		if (r < 0)
			return r;
		if (!used)
			continue;
		if (ret->load_count == LOADS_MAX)
			return kx_err_set(err, ENOEXEC,
					  "program headers: expected at most %u PT_LOADs, "
					  "have more",
					  LOADS_MAX);
		ret->load[ret->load_count++] = load;
	}
	if (ret->load_count == 0)
		return kx_err_set(err, ENOEXEC,
				  "program headers: expected a PT_LOAD, "
				  "have %u headers without one",
				  h->phnum);
	return 0;
}

static struct kx_range load_pa(const struct kx_elf_load *l)
{
	return (struct kx_range){ l->pa, l->pa + l->mem_len };
}

static int overlap_check(const struct kx_elf *elf, struct kx_err *err)
{
	for (size_t i = 0; i < elf->load_count; i++) {
		for (size_t j = i + 1; j < elf->load_count; j++) {
			struct kx_range x = load_pa(&elf->load[i]), y = load_pa(&elf->load[j]);

			if (kx_range_overlaps(x, y))
				return kx_err_set(err, ENOEXEC,
						  "PT_LOADs %zu and %zu: expected apart, have "
						  "paddr [0x%" PRIx64 ", 0x%" PRIx64
						  ") and [0x%" PRIx64 ", 0x%" PRIx64 ")",
						  i, j, x.start, x.end, y.start, y.end);
		}
	}
	return 0;
}

static int entry_check(const struct kx_elf *elf, struct kx_err *err)
{
	for (size_t i = 0; i < elf->load_count; i++) {
		const struct kx_elf_load *l = &elf->load[i];

		/* Unsigned: an entry below the start is a huge distance. */
		if (elf->entry - l->pa < l->mem_len || elf->entry - l->va < l->mem_len)
			return 0;
	}
	return kx_err_set(err, ENOEXEC,
			  "entry: expected an address inside a PT_LOAD, have 0x%" PRIx64,
			  elf->entry);
}

/* The header of an arm64 Image at the lowest virtual address, if it is there. */
static int arm64_header_find(struct kx_elf *elf, struct kx_err *err)
{
	const struct kx_elf_load *first = &elf->load[0];
	uint64_t end = 0;
	int r;

	for (size_t i = 0; i < elf->load_count; i++) {
		const struct kx_elf_load *l = &elf->load[i];

		if (l->va < first->va)
			first = l;
		if (l->va + l->mem_len > end)
			end = l->va + l->mem_len;
	}
	if (!kx_arm64_header_probe(first->bytes))
		return 0;
	r = kx_arm64_header_parse(first->bytes, end - first->va, &elf->arm64, err);
	if (r < 0)
		return kx_err_wrap(err, "Image header");
	elf->has_arm64_header = true;
	return 0;
}

static int elf_parse(struct kx_bytes b, struct kx_arena *a, struct kx_image *ret,
		     struct kx_err *err)
{
	struct kx_image image = { .bytes = b };
	struct kx_elf *elf = &image.elf;
	struct header h;
	int r;

	r = ident_check(b, err);
	if (r < 0)
		return r;
	r = header_parse(b, &h, err);
	if (r < 0)
		return r;
	r = machine_find(h.machine, &image.machine, err);
	if (r < 0)
		return r;
	elf->machine = h.machine;
	elf->entry = h.entry;
	r = loads_parse(b, &h, a, elf, err);
	if (r < 0)
		return r;
	r = overlap_check(elf, err);
	if (r < 0)
		return r;
	r = entry_check(elf, err);
	if (r < 0)
		return r;
	if (image.machine == KX_MACHINE_ARM64) {
		r = arm64_header_find(elf, err);
		if (r < 0)
			return r;
	}
	image.format = &kx_format_elf;
	*ret = image;
	return 0;
}

static const char *const elf_types[] = { "vmlinux", "elf-x86_64", NULL };

const struct kx_format kx_format_elf = {
	.id = KX_FORMAT_ELF,
	.name = "ELF",
	.type_names = elf_types,
	.probe = elf_probe,
	.parse = elf_parse,
};
