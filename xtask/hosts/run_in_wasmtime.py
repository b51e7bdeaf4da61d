"""Runs a program for WASI in Wasmtime: run_in_wasmtime.py PROGRAM.wasm [OPTION...]. The working folder is all that it sees of the file system."""

import os
import sys

from wasmtime import Config, Engine, ExitTrap, Linker, Module, Store, WasiConfig

program, options = sys.argv[1], sys.argv[2:]
engine = Engine(Config())
linker = Linker(engine)
linker.define_wasi()
wasi = WasiConfig()
wasi.argv = [os.path.basename(program), *options]
wasi.env = [(name, value) for name, value in os.environ.items() if name.startswith("LAYERW_")]
wasi.inherit_stdout()
wasi.inherit_stderr()
wasi.preopen_dir(".", ".")
store = Store(engine)
store.set_wasi(wasi)
instance = linker.instantiate(store, Module.from_file(engine, program))
try:
    instance.exports(store)["_start"](store)
except ExitTrap as ended:
    sys.exit(ended.code)
