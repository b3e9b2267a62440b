# SPDX-License-Identifier: GPL-2.0-only
# Completion of vmcore-dump(8) for bash.  The option list equals the table in
# vmcore-dump/options.c; tests/cli/vmcore-dump compares.

_vmcore_dump()
{
	local cur prev words cword
	local long='
		--info= --map= --dmesg= --mem-usage= --read= --as-is --key= --verify --convert=
		--assemble= --reassemble= --filter= --format= --flat --threads= --memory= --limit=
		--split --estimate --dry-run
		--snapshot --resumable --then= --compress= --encrypt= --force --help --version
	'

	_init_completion -s || return

	case $prev in
	--info|--map|--dmesg|--mem-usage)
		COMPREPLY=($(compgen -W 'json' -- "$cur"))
		return ;;
	--read)
		return ;;
	--then)
		COMPREPLY=($(compgen -W 'poweroff reboot continue kexec' -- "$cur"))
		return ;;
	--filter)
		COMPREPLY=($(compgen -W '31 1 zero cache cache-private user free' -- "$cur"))
		return ;;
	--format)
		COMPREPLY=($(compgen -W 'kdump elf' -- "$cur"))
		return ;;
	--threads|--memory|--limit)
		return ;;
	--key|--encrypt)
		COMPREPLY=($(compgen -W 'file: keyring:' -- "$cur"))
		return ;;
	--compress)
		COMPREPLY=($(compgen -W 'none zlib lzo snappy zstd lz4' -- "$cur"))
		return ;;
	esac

	if [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$long" -- "$cur"))
		[[ ${COMPREPLY-} == *= ]] && compopt -o nospace
		return
	fi
	_filedir
}
complete -F _vmcore_dump vmcore-dump
