// SPDX-License-Identifier: GPL-2.0-only
/*
 * A core as /proc/vmcore would be it, of a machine whose memory is a file of QEMU's
 * (cell --ram-file): x86_64, q35, booted with nokaslr.  For `bench dump`.
 *
 *	ram-core RAM VMCOREINFO_PA VMCOREINFO_LEN OUT <IOMEM
 *
 * Standard input has the "start-end : System RAM" lines of its /proc/iomem, the
 * numbers are hexadecimal, as in /sys/kernel/vmcoreinfo.
 */
#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE		4096ull
#define RANGES_MAX	32
#define PRSTATUS_LEN	336u
#define DIRECT_VA	0xffff888000000000u
#define KERNEL_VA	0xffffffff80000000u
#define TEXT_PA		0x1000000u
#define TEXT_LEN	0x4000000u
#define FOUR_GIB	0x100000000u

static uint64_t low_len;		/* of memory below 4 GiB */

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Where @pa is in the file: what does not fit below 4 GiB goes above. */
static uint64_t file_off(uint64_t pa)
{
	return pa < FOUR_GIB ? pa : pa - FOUR_GIB + low_len;
}

static void copy(int in, int out, uint64_t pa, uint64_t off, uint64_t len)
{
	static uint8_t buf[1 << 20], zero[1 << 20];

	while (len) {
		size_t n = len < sizeof(buf) ? (size_t)len : sizeof(buf);

		if (pread(in, buf, n, (off_t)file_off(pa)) != (ssize_t)n)
			die("read");
		if (memcmp(buf, zero, n) && pwrite(out, buf, n, (off_t)off) != (ssize_t)n)
			die("write");
		pa += n, off += n, len -= n;
	}
}

static size_t ranges(Elf64_Phdr *p)
{
	char line[256], what[64];
	size_t n = 0;

	while (fgets(line, sizeof(line), stdin)) {
		uint64_t start, end;

		if (sscanf(line, " %" SCNx64 "-%" SCNx64 " : %63[^\n]", &start, &end, what) != 3 ||
		    strcmp(what, "System RAM") || n == RANGES_MAX)
			continue;
		start = (start + PAGE - 1) / PAGE * PAGE;
		end = (end + 1) / PAGE * PAGE;
		p[n++] = (Elf64_Phdr){
			.p_type = PT_LOAD, .p_flags = 7, .p_paddr = start,
			.p_vaddr = DIRECT_VA + start, .p_filesz = end - start, .p_memsz = end - start,
		};
	}
	return n;
}

int main(int argc, char **argv)
{
	static uint8_t head[0x20000];
	Elf64_Ehdr *e = (void *)head;
	Elf64_Phdr *p = (void *)(head + sizeof(*e));
	Elf64_Nhdr *n;
	uint64_t info_pa, info_len, off = sizeof(head), count;
	struct stat st;
	int in, out;

	if (argc != 5)
		return 1;
	in = open(argv[1], O_RDONLY);
	out = open(argv[4], O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (in < 0 || out < 0 || fstat(in, &st) < 0)
		die("open");
	/* hw/i386/pc_q35.c: 2 GiB where more than 2.75 GiB are there */
	low_len = (uint64_t)st.st_size >= 0xb0000000u ? 0x80000000u : (uint64_t)st.st_size;
	info_pa = strtoull(argv[2], NULL, 16);
	info_len = strtoull(argv[3], NULL, 16);
	count = ranges(p + 2);
	p[1] = (Elf64_Phdr){
		.p_type = PT_LOAD, .p_flags = 7, .p_paddr = TEXT_PA, .p_vaddr = KERNEL_VA + TEXT_PA,
		.p_filesz = TEXT_LEN, .p_memsz = TEXT_LEN,
	};
	for (uint64_t i = 2; i < count + 2; i++) {
		p[i].p_offset = off;
		off += p[i].p_filesz;
		if (TEXT_PA - p[i].p_paddr < p[i].p_filesz)
			p[1].p_offset = p[i].p_offset + TEXT_PA - p[i].p_paddr;
	}
	*e = (Elf64_Ehdr){
		.e_ident = ELFMAG "\2\1\1", .e_type = ET_CORE, .e_machine = EM_X86_64, .e_version = 1,
		.e_phoff = sizeof(*e), .e_ehsize = sizeof(*e), .e_phentsize = sizeof(*p),
		.e_phnum = (uint16_t)(count + 2),
	};
	n = (void *)(head + PAGE);
	*n = (Elf64_Nhdr){ .n_namesz = 5, .n_descsz = PRSTATUS_LEN, .n_type = NT_PRSTATUS };
	memcpy(n + 1, "CORE", 5);
	p[0] = (Elf64_Phdr){
		.p_type = PT_NOTE, .p_offset = PAGE,
		.p_filesz = sizeof(*n) + 8 + PRSTATUS_LEN + info_len,
	};
	p[0].p_memsz = p[0].p_filesz;
	if (info_len > PAGE * 2 || pread(in, (uint8_t *)n + sizeof(*n) + 8 + PRSTATUS_LEN, info_len,
					 (off_t)file_off(info_pa)) != (ssize_t)info_len)
		die("VMCOREINFO");
	if (ftruncate(out, (off_t)off) < 0 || pwrite(out, head, sizeof(head), 0) != sizeof(head))
		die("write");
	for (uint64_t i = 2; i < count + 2; i++)
		copy(in, out, p[i].p_paddr, p[i].p_offset, p[i].p_filesz);
	return 0;
}
