//! The same guest, bound to types that are fixed when the host is compiled.

use std::time::{Duration, Instant};

use wasmtime::component::{Component, HasSelf, Linker, ResourceTable};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store, StoreContextMut};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_config::{WasiConfig, WasiConfigVariables};

mod customers {
    wasmtime::component::bindgen!({
        path: ["../../wit/servicetitan/api", "../../wit/servicetitan/crm"],
        inline: "package bench:fixed; world fixed { import servicetitan:crm/customers@2.0.0; }",
        imports: { default: async | trappable },
        additional_derives: [serde::Deserialize],
    });
}

mod plugin {
    wasmtime::component::bindgen!({
        path: ["../../wit/wasi/config", "../../wit/wasi/logging", "../../wit/wasi/keyvalue", "../../wit/tradewire"],
        world: "tradewire:plugin/plugin",
        exports: { default: async },
        imports: { default: trappable },
    });
}

use customers::servicetitan::api::types::Error;
pub use customers::servicetitan::crm::customers::CustomerPage as Page;
use customers::servicetitan::crm::customers::GetListQuery;
use plugin::tradewire::plugin::runs::{Context, Window};
use plugin::wasi::logging::logging;

struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    settings: WasiConfigVariables,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl logging::Host for State {
    fn log(&mut self, _: logging::Level, context: String, message: String) -> wasmtime::Result<()> {
        eprintln!("{context}: {message}");
        Ok(())
    }
}

/// Lets the guest ask for the page `rounds` times; the time of one.
pub async fn run(guest: &[u8], page: Vec<u8>, rounds: u32) -> Duration {
    let mut pool = PoolingAllocationConfig::new();
    pool.max_memory_size(1 << 30);
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool)).epoch_interruption(true);
    let engine = Engine::new(&config).unwrap();
    let component = Component::from_binary(&engine, guest).unwrap();
    let mut linker = Linker::<State>::new(&engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
    wasmtime_wasi_config::add_to_linker(&mut linker, |s: &mut State| WasiConfig::from(&s.settings)).unwrap();
    logging::add_to_linker::<_, HasSelf<State>>(&mut linker, |s| s).unwrap();
    linker
        .instance("servicetitan:crm/customers@2.0.0")
        .unwrap()
        .func_wrap_async("get-list", move |_: StoreContextMut<'_, State>, (_,): (GetListQuery,)| {
            let page: Result<Page, Error> = Ok(serde_json::from_slice(&page).unwrap());
            Box::new(async move { Ok((page,)) })
        })
        .unwrap();
    linker.define_unknown_imports_as_traps(&component).unwrap();
    let settings = [("calls".to_owned(), rounds.to_string())].into_iter().collect();
    let state = State { wasi: WasiCtx::builder().build(), table: ResourceTable::new(), settings };
    let mut store = Store::new(&engine, state);
    store.set_epoch_deadline(1_000_000);
    let start = Instant::now();
    let plugin = plugin::Plugin::instantiate_async(&mut store, &component, &linker).await.unwrap();
    let context = Context {
        id: "bench".to_owned(),
        export: "bench".to_owned(),
        tenant: "bench".to_owned(),
        tenant_id: 1,
        timezone: "UTC".to_owned(),
        window: Window { start: String::new(), end: String::new() },
        attempt: 1,
    };
    plugin.call_run(&mut store, &context).await.unwrap().unwrap();
    start.elapsed() / rounds
}
