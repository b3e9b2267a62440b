// SPDX-License-Identifier: GPL-2.0-only
/* kexec/sys/{snapshot-facts,machine-note}.c: machines that could be saved, or could not. */
#include "core-forge.h"
#include "kx/context.h"
#include "kx/snapshot.h"
#include "kx/sys.h"
#include "sysroot.h"
#include "test.h"

#define VOFFSET		"NUMBER(kimage_voffset)=0xffffffbfc8000000\n"
#define SYMBOLS		"ffffffc008000000 T _text\n"			\
			"ffffffc008111000 t cpu_resume_after_mmu\n"	\
			"ffffffc0081234ac %s cpu_resume\n"		\
			"ffffffc009000000 t cpu_resume\t[other]\n"

static struct kx_arena arena;
static struct sysroot root;
static struct kx_sources src;
static struct kx_snapshot_facts facts;
static struct kx_err err;

static void begin(const char *uname)
{
	memset(&err, 0, sizeof(err));
	kx_arena_init(&arena);
	sysroot_make(&root);
	sysroot_text(&root, "kx/uname", uname);
}

static void end(void)
{
	sysroot_remove(&root);
	kx_arena_deinit(&arena);
}

/* A /proc/kcore with this VMCOREINFO. */
static void put_kcore(uint16_t machine, const char *info)
{
	struct forge f = FORGE_NONE, notes = FORGE_NONE;

	core_note(&notes, "VMCOREINFO", 0, info, strlen(info));
	core_ehdr(&f, machine, 1);
	core_phdr(&f, 4, 120, 0, 0, notes.len, notes.len);
	forge_put(&f, notes.p, notes.len);
	sysroot_put(&root, "proc/kcore", f.p, f.len);
	forge_free(&notes);
	forge_free(&f);
}

static void put_symbols(const char *text, const char *type)
{
	char buf[512];

	snprintf(buf, sizeof(buf), text, type);
	sysroot_text(&root, "proc/kallsyms", buf);
}

static int read_facts(void)
{
	int r;

	memset(&err, 0, sizeof(err));
	r = kx_sources_read(root.dir, NULL, &arena, &src, &err);
	return r < 0 ? r : kx_snapshot_facts_read(&src, &arena, &facts, &err);
}

static void test_arm64(void)
{
	begin("Linux 6.1.0-50-arm64 aarch64 4096\n");
	put_kcore(KX_ELF_ARM64, "OSRELEASE=6.1.0\n" VOFFSET);
	put_symbols(SYMBOLS, "T");
	CHECK(read_facts() == 0);
	CHECK_EQ_U64(facts.cpu_resume, 0x401234ac);
	CHECK_EQ_U64(facts.boot_cpu, CONTEXT_CPU_UNKNOWN);
	CHECK(facts.vmcoreinfo.len > 16 && !memcmp(facts.vmcoreinfo.data, "OSRELEASE=6.1.0\n", 16));
	put_symbols(SYMBOLS, "t");
	CHECK(read_facts() == 0);
	CHECK_EQ_U64(facts.cpu_resume, 0x401234ac);
	end();
}

/* The line lies across the buffer's end, behind many others. */
static void test_long_list(void)
{
	static char text[300000];
	size_t n = 0;

	begin("Linux 6.1.0-50-arm64 aarch64 4096\n");
	put_kcore(KX_ELF_ARM64, VOFFSET);
	for (size_t i = 0; n < 65520; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "ffffffc00a%06zx t symbol\n", i);
	n += (size_t)snprintf(text + n, sizeof(text) - n, "ffffffc008123000 T cpu_resume\n");
	while (n < 200000)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "ffffffc00b000000 t other\n");
	sysroot_put(&root, "proc/kallsyms", text, n);
	CHECK(read_facts() == 0);
	CHECK_EQ_U64(facts.cpu_resume, 0x40123000);
	end();
}

static void fails(const char *why)
{
	char want[512];

	CHECK(read_facts() == -ENODATA);
	snprintf(want, sizeof(want), "%s/proc/%s", root.dir, why);
	CHECK_STR(err.text, want);
}

static void test_arm64_bad(void)
{
	begin("Linux 6.1.0-50-arm64 aarch64 4096\n");
	fails("kcore: expected VMCOREINFO in its note, which says where the kernel lies, have none");
	put_kcore(KX_ELF_ARM64, "OSRELEASE=6.1.0\n");
	fails("kcore: VMCOREINFO: expected NUMBER(kimage_voffset), have none");
	put_kcore(KX_ELF_ARM64, VOFFSET);
	fails("kallsyms: expected cpu_resume, where the kernel is entered, have none: No such file or "
	      "directory");
	put_symbols("ffffffc008000000 T _text\n", "");
	fails("kallsyms: expected cpu_resume, where the kernel is entered, have none: it needs "
	      "CONFIG_KALLSYMS_ALL");
	put_symbols("0000000000000000 T cpu_resume\n", "");
	fails("kallsyms: expected the address of cpu_resume, have 0: addresses are hidden "
	      "(/proc/sys/kernel/kptr_restrict)");
	end();
}

static void test_x86(void)
{
	begin("Linux 6.1.0-50-amd64 x86_64 4096\n");
	CHECK(read_facts() == 0);
	CHECK_EQ_U64(facts.boot_cpu, CONTEXT_CPU_UNKNOWN);
	CHECK_EQ_U64(facts.vmcoreinfo.len, 0);
	sysroot_text(&root, "proc/cpuinfo", "processor\t: 0\ninitial apicid\t: 9\napicid\t\t: 4\n\n"
		     "processor\t: 1\napicid\t\t: 6\n\n");
	CHECK(read_facts() == 0);
	CHECK_EQ_U64(facts.boot_cpu, 4);
	end();
}

/* ---- the MACHINE note ----------------------------------------------------------------- */

static const char *note;

static int read_note(void)
{
	struct kx_bytes b;
	int r;

	r = kx_sources_read(root.dir, NULL, &arena, &src, &err);
	if (r == 0)
		r = kx_machine_note(&src, &arena, &b, &err);
	if (r == 0)
		note = (const char *)b.data;
	return r;
}

static int has(const char *line)
{
	const char *p = strstr(note, line);

	if (!p || (p != note && p[-1] != '\n'))
		printf("# have:\n%s", note);
	return p && (p == note || p[-1] == '\n');
}

static void test_note_x86(void)
{
	begin("Linux 6.1.0-50-amd64 x86_64 4096\n");
	sysroot_text(&root, "sys/devices/system/cpu/online", "0-1\n");
	sysroot_text(&root, "proc/cpuinfo", "processor\t: 0\nmodel name\t: A CPU\napicid\t\t: 0\n"
		     "flags\t\t: fpu vme\n\nprocessor\t: 1\nmodel name\t: A CPU\napicid\t\t: 2\n"
		     "flags\t\t: fpu vme\n\n");
	sysroot_text(&root, "sys/firmware/acpi/tables/DSDT", "abc");
	sysroot_text(&root, "proc/self/mountinfo",
		     "21 1 0:19 / /proc rw - proc proc rw\n"
		     "22 1 8:1 / / rw,noatime - ext4 /dev/sda1 rw,errors=remount-ro\n"
		     "23 22 8:1 /home /mnt/home rw - ext4 /dev/sda1 rw\n"
		     "24 22 8:2 / /boot ro master:1 - vfat /dev/sda2 ro\n"
		     "25 22 nonsense\n"
		     "26 22 x:y / /boot ro master:1 - vfat /dev/sda2 ro\n");
	CHECK(read_note() == 0);
	CHECK(has("arch=x86_64\n"));
	CHECK(has("cpus=0-1\ncpu0=0\ncpu1=2\ncpu_model=A CPU\n"));
	/* printf 'fpu vme' | sha256sum */
	CHECK(has("cpu_features=3178d0b9"));
	CHECK(has("la57=0\nfirmware=bios\n"));
	CHECK(has("acpi.DSDT=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"));
	CHECK(has("filesystem=8:1 - ext4 rw /\nfilesystem=8:2 - vfat ro /boot\n"));
	CHECK(!strstr(note, "/mnt/home") && !strstr(note, "proc"));
	end();
}

static void test_note_arm64(void)
{
	begin("Linux 6.12.9 aarch64 65536\n");
	sysroot_text(&root, "proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd\n"
		     "CPU part\t: 0xd08\n\n");
	sysroot_put(&root, "sys/devices/system/cpu/cpu0/of_node/reg", "\0\0\0\0", 4);
	sysroot_put(&root, "sys/devices/system/cpu/cpu1/of_node/reg", "\0\0\0\1\0\0\1\0", 8);
	CHECK(read_note() == 0);
	CHECK(has("arch=arm64\n"));
	CHECK(has("cpu0=0x0\ncpu1=0x100000100\ncpu_model=0xd08\n"));
	CHECK(has("firmware=devicetree\n"));
	CHECK(!strstr(note, "la57"));
	end();
}

/* Two CPUs by ACPI, and a FADT whose addresses are @where; its digest in the note. */
static const char *acpi_note(uint8_t where, uint8_t flags)
{
	uint8_t apic[44 + 2 * 80] = "APIC", facp[276] = "FACP";
	static char digest[65];
	const char *line;

	begin("Linux 6.12.9 aarch64 4096\n");
	kx_put_le32(apic + 4, sizeof(apic));
	for (size_t i = 0; i < 2; i++) {
		uint8_t *gicc = apic + 44 + 80 * i;

		gicc[0] = 0xb;
		gicc[1] = 80;
		kx_put_le32(gicc + 8, (uint32_t)(11 - i));
		kx_put_le64(gicc + 68, 0x100 * i);
	}
	facp[9] = facp[36] = facp[43] = facp[132] = facp[147] = where;
	facp[44] = facp[131] = flags;
	sysroot_put(&root, "sys/firmware/acpi/tables/APIC", apic, sizeof(apic));
	sysroot_put(&root, "sys/firmware/acpi/tables/FACP", facp, sizeof(facp));
	sysroot_text(&root, "sys/devices/system/cpu/cpu0/firmware_node/uid", "10\n");
	sysroot_text(&root, "sys/devices/system/cpu/cpu1/firmware_node/uid", "11\n");
	CHECK(read_note() == 0);
	/* by their UIDs, not their places in the table */
	CHECK(has("cpu0=0x100\ncpu1=0x0\n"));
	line = strstr(note, "acpi.FACP=");
	snprintf(digest, sizeof(digest), "%.64s", line ? line + 10 : "");
	end();
	return digest;
}

static void test_note_acpi(void)
{
	char first[65];

	snprintf(first, sizeof(first), "%s", acpi_note(1, 1));
	CHECK(strlen(first) == 64);
	CHECK_STR(acpi_note(2, 1), first);
	CHECK(strcmp(acpi_note(1, 2), first));
}

static void test_note_empty(void)
{
	begin("Linux 6.12.9 aarch64 65536\n");
	CHECK(read_note() == 0);
	CHECK_STR(note, "arch=arm64\nfirmware=devicetree\n");
	end();
}

TEST_MAIN(
	{ "where arm64 is entered", test_arm64 },
	{ "a symbol far down the list", test_long_list },
	{ "arm64 kernels that do not say", test_arm64_bad },
	{ "the boot CPU of x86_64", test_x86 },
	{ "MACHINE: x86_64", test_note_x86 },
	{ "MACHINE: arm64", test_note_arm64 },
	{ "MACHINE: arm64 with ACPI", test_note_acpi },
	{ "MACHINE: nothing known", test_note_empty },
)
