//! Prints the state of every massive body at the Julian dates (TDB) given as arguments, in the form of the data files.
//! `tools/verify.py` compares it with DE421.

use std::error::Error;

use solar_system::bodies::NAMES;
use solar_system::ephemeris::Ephemeris;

fn main() -> Result<(), Box<dyn Error>> {
    let ephemeris = Ephemeris::load()?;
    println!("epoch_jd,body,x_km,y_km,z_km,vx_km_s,vy_km_s,vz_km_s");
    for argument in std::env::args().skip(1) {
        let jd: f64 = argument.parse()?;
        let state = ephemeris.state_at(jd)?;
        for (body, name) in NAMES.iter().enumerate() {
            let (x, v) = (state.position[body], state.velocity[body]);
            println!(
                "{jd},{name},{},{},{},{},{},{}",
                x.x, x.y, x.z, v.x, v.y, v.z
            );
        }
    }
    Ok(())
}
