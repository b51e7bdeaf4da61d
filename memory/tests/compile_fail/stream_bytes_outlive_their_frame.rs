use layerw_memory::stream::StreamRegion;

fn main() {}

fn keep(region: &mut StreamRegion) -> u8 {
    let bytes = region.reader().unwrap().bytes(1).unwrap();
    region.end().unwrap();
    bytes[0]
}

fn fill_twice(region: &mut StreamRegion) {
    let mut fill = region.fills().next().unwrap();
    let again = region.fills();
    fill.bytes().fill(1);
    drop(again);
}
