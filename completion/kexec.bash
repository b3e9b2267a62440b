# SPDX-License-Identifier: GPL-2.0-only
# Completion of kexec(8) for bash.  The option list equals the table in
# kexec/options-table.c; tests/cli/run compares.

_kexec()
{
	local cur prev words cword
	local long='
		--help --version --load --force --exec --unload --status= --plan=
		--load-panic --print-ckr-size --last-boot= --debug
		--append= --command-line= --reuse-cmdline --initrd= --ramdisk=
		--reuseinitrd --dtb= --type= --sysroot=
		--kexec-file-syscall --kexec-syscall --kexec-syscall-auto
		--no-checks --on-corrupt= --pack= --stage= --evict-crash-kernel
		--mem-min= --mem-max= --entry= --serial=
		--hotplug --no-cma
		--no-ifdown --no-sync
		--serial-baud= --console-serial --console-vga --reset-vga --noefi
		--reuse-video-type --force-dtb --entry-32bit --real-mode
		--args-linux --args-none --elf32-core-headers --elf64-core-headers
		--pass-memmap-cmdline
		--load-preserve-context --context= --window= --load-resume-entry=
		--load-jump-back-helper --call= --call-arg=
		--resume-if-present= --key= --resume-anyway
		--load-live-update --exec-live-update --module= --args-elf
	'

	_init_completion -s || return

	case $prev in
	--plan)
		COMPREPLY=($(compgen -W 'text json svg' -- "$cur"))
		return ;;
	--status|--last-boot)
		COMPREPLY=($(compgen -W 'json' -- "$cur"))
		return ;;
	--on-corrupt)
		COMPREPLY=($(compgen -W 'reset halt' -- "$cur"))
		return ;;
	--pack)
		COMPREPLY=($(compgen -W 'auto none lz4' -- "$cur"))
		return ;;
	--context)
		COMPREPLY=($(compgen -W 'auto jump snapshot' -- "$cur"))
		return ;;
	--stage)
		COMPREPLY=($(compgen -W 'auto kernel crashkernel' -- "$cur"))
		return ;;
	--type|-t)
		COMPREPLY=($(compgen -W 'Image vmlinux vmlinuz uImage uki bzImage64 bzImage
			elf-x86_64' -- "$cur"))
		return ;;
	--serial-baud)
		COMPREPLY=($(compgen -W '9600 19200 38400 57600 115200' -- "$cur"))
		return ;;
	--key)
		COMPREPLY=($(compgen -W 'file: keyring:' -- "$cur"))
		return ;;
	--serial)
		COMPREPLY=($(compgen -W 'ttyS0 ttyS1 ttyAMA0' -- "$cur"))
		return ;;
	--initrd|--ramdisk|--dtb|--module|--call|--resume-if-present)
		_filedir
		return ;;
	--sysroot)
		_filedir -d
		return ;;
	--append|--command-line|--mem-min|--mem-max|--entry|--call-arg)
		return ;;
	esac

	if [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$long" -- "$cur"))
		[[ ${COMPREPLY-} == *= ]] && compopt -o nospace
		return
	fi
	_filedir
}
complete -F _kexec kexec
