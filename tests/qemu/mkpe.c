// SPDX-License-Identifier: GPL-2.0-only
/*
 * Make a PE file out of parts, for `mkinput`: a unified kernel image (UKI) or an
 * EFI zboot image.  There is no code in it; firmware could not run it, but it
 * has the structure that a loader takes apart.  Runs on the build machine.
 *
 *	mkpe uki MACHINE OUTPUT .SECTION=FILE...
 *	mkpe zboot MACHINE OUTPUT METHOD PAYLOAD UNPACKED_SIZE
 *
 * UKI: https://uapi-group.org/specifications/specs/unified_kernel_image/: one
 * PE section per part.  zboot: the kernel's
 * drivers/firmware/efi/libstub/zboot-header.S; the fields are in the DOS header:
 *
 *	0x00 "MZ"   0x04 "zimg"   0x08 payload offset   0x0c payload size
 *	0x18 name of the compression, NUL-terminated    0x38 LINUX_PE_MAGIC
 *	0x3c offset of the PE header
 */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOS_HEADER_SIZE		0x40
#define PE_HEADERS_SIZE		0x1000		/* all headers together */
#define SECTION_ALIGNMENT	0x1000
#define FILE_ALIGNMENT		0x200
#define SECTIONS_MAX		32
#define LINUX_PE_MAGIC		0x818223cd	/* include/linux/pe.h */

struct section {
	const char *name;
	unsigned char *data;
	uint32_t size;			/* bytes of data */
	uint32_t file_size;		/* the same, as PE rounds it */
	uint32_t va;
	uint32_t file_off;
};

static void put(unsigned char *at, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		at[i] = value >> (8 * i);
}

static uint32_t round_up(uint32_t n, uint32_t to)
{
	return (n + to - 1) / to * to;
}

static void read_file(const char *path, struct section *s, size_t extra)
{
	FILE *f = fopen(path, "rbe");
	long size;

	if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0)
		err(2, "%s", path);
	rewind(f);
	s->size = size;
	s->data = calloc(1, size + extra + 1);
	if (!s->data || fread(s->data, 1, size, f) != (size_t)size)
		err(2, "%s", path);
	fclose(f);
}

static uint16_t machine_number(const char *name)
{
	if (!strcmp(name, "arm64"))
		return 0xaa64;
	if (!strcmp(name, "x86_64"))
		return 0x8664;
	errx(2, "expected machine arm64 or x86_64, got '%s'", name);
}

/* One after the other, in the file and in memory. */
static uint32_t place_sections(struct section *sections, int count)
{
	uint32_t va = PE_HEADERS_SIZE, off = PE_HEADERS_SIZE;

	for (int i = 0; i < count; i++) {
		struct section *s = &sections[i];

		s->file_size = round_up(s->size, FILE_ALIGNMENT);
		s->va = va;
		s->file_off = off;
		va += round_up(s->size ? s->size : 1, SECTION_ALIGNMENT);
		off += s->file_size;
	}
	return va;
}

static void put_pe_header(unsigned char *pe, uint16_t machine, uint32_t image_size,
			  const struct section *sections, int count)
{
	unsigned char *optional = pe + 24, *table = optional + 240;

	memcpy(pe, "PE\0\0", 4);
	put(pe + 4, machine, 2);
	put(pe + 6, count, 2);
	put(pe + 20, 240, 2);			/* size of the optional header */
	put(pe + 22, 0x020e, 2);		/* executable, no symbols */

	put(optional, 0x20b, 2);		/* PE32+ */
	put(optional + 32, SECTION_ALIGNMENT, 4);
	put(optional + 36, FILE_ALIGNMENT, 4);
	put(optional + 56, image_size, 4);
	put(optional + 60, PE_HEADERS_SIZE, 4);
	put(optional + 68, 10, 2);		/* EFI application */
	put(optional + 108, 16, 4);		/* data directories, all empty */

	for (int i = 0; i < count; i++, table += 40) {
		const struct section *s = &sections[i];

		memcpy(table, s->name, strnlen(s->name, 8));
		put(table + 8, s->size, 4);
		put(table + 12, s->va, 4);
		put(table + 16, s->file_size, 4);
		put(table + 20, s->file_off, 4);
		put(table + 36, 0x40000040, 4);	/* initialised, readable */
	}
}

static void write_padded(FILE *f, const void *data, uint32_t size, uint32_t padded)
{
	static const char zeros[PE_HEADERS_SIZE];

	if (fwrite(data, 1, size, f) != size ||
	    fwrite(zeros, 1, padded - size, f) != padded - size)
		err(2, "write");
}

static void write_pe(const char *output, const unsigned char *headers,
		     const struct section *sections, int count)
{
	FILE *f = fopen(output, "wbe");

	if (!f)
		err(2, "%s", output);
	write_padded(f, headers, PE_HEADERS_SIZE, PE_HEADERS_SIZE);
	for (int i = 0; i < count; i++)
		write_padded(f, sections[i].data, sections[i].size,
			     sections[i].file_size);
	if (fclose(f))
		err(2, "%s", output);
}

static int read_sections(struct section *sections, char **arguments)
{
	int count = 0;

	for (; arguments[count]; count++) {
		char *equals = strchr(arguments[count], '=');

		if (count == SECTIONS_MAX || !equals)
			errx(2, "expected at most %d of .SECTION=FILE", SECTIONS_MAX);
		*equals = 0;
		sections[count].name = arguments[count];
		read_file(equals + 1, &sections[count], 0);
	}
	return count;
}

/*
 * The payload's size field leaves out the length of the unpacked data, which the
 * kernel's build appends to everything but gzip (ZBOOT_SIZE_LEN).
 */
static void put_zboot_fields(unsigned char *dos, struct section *payload,
			     const char *method, uint32_t unpacked_size)
{
	memcpy(dos + 4, "zimg", 4);
	put(dos + 8, PE_HEADERS_SIZE, 4);
	put(dos + 12, payload->size, 4);
	strncpy((char *)dos + 24, method, 31);
	put(dos + 0x38, LINUX_PE_MAGIC, 4);
	if (strcmp(method, "gzip")) {
		put(payload->data + payload->size, unpacked_size, 4);
		payload->size += 4;
	}
}

int main(int argc, char **argv)
{
	unsigned char headers[PE_HEADERS_SIZE] = "MZ";
	struct section sections[SECTIONS_MAX] = { 0 };
	uint32_t image_size;
	int count;

	put(headers + 0x3c, DOS_HEADER_SIZE, 4);
	if (argc >= 5 && !strcmp(argv[1], "uki")) {
		count = read_sections(sections, argv + 4);
	} else if (argc == 7 && !strcmp(argv[1], "zboot")) {
		count = 1;
		sections[0].name = ".data";
		read_file(argv[5], &sections[0], 4);
		put_zboot_fields(headers, &sections[0], argv[4],
				 strtoul(argv[6], NULL, 10));
	} else {
		errx(2, "expected: uki MACHINE OUTPUT .SECTION=FILE... or "
		     "zboot MACHINE OUTPUT METHOD PAYLOAD UNPACKED_SIZE");
	}
	image_size = place_sections(sections, count);
	put_pe_header(headers + DOS_HEADER_SIZE, machine_number(argv[2]), image_size,
		      sections, count);
	write_pe(argv[3], headers, sections, count);
	return 0;
}
