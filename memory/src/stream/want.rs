//! How much a frame wants an item: a distance, in whatever unit, and whether it is needed now.

/// How near an item is to being needed. Smaller distances win; what is pinned wins over all.
///
/// A distance is any number that orders items: metres, or the reciprocal of the error seen on the screen. Items of one region use one
/// unit. **A distance that is not a number, or infinite, counts as farthest**: such an item gets only slots that nobody else wants, and is counted in
/// [`Counters::unplaced`](super::Counters::unplaced). Negative distances count as 0.
///
/// **Looking ahead.** A slot is worth most to the item that is seen soonest and longest. So a frame wants not only what it needs now, but also what
/// the views foreseen from the camera's motion will need, with [`ahead`](Self::ahead). An item first needed in n frames counts as 1 + n times as far; one
/// that is needed now, and is said to be needed for n frames more, as 1 + n times as near.
///
/// ```
/// use layerw_memory::stream::Want;
///
/// // Several cameras: the nearest counts.
/// let cameras = [[0.0, 0.0, 0.0], [500.0, 0.0, 0.0]];
/// let item = [510.0, 0.0, 0.0];
/// let best = cameras.map(|camera| Want::between(camera, item)).into_iter().reduce(Want::nearest);
/// assert_eq!(best, Some(Want::distance(10.0)));
///
/// let coming = Want::distance(10.0).ahead(3.0);
/// assert_eq!(coming.reach(), 40.0);
/// let lasting = Want::distance(10.0).nearest(coming);
/// assert_eq!(lasting.reach(), 2.5);
/// ```
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Want {
    /// Not negative, never NaN, never -0.
    distance: f32,
    pinned: bool,
    /// Frames from now to the first and to the last in which it is said to be needed: finite, not negative.
    from: f32,
    until: f32,
}

/// The farthest look ahead, frames: half an hour at 60 Hz.
const AHEAD_MAX: f32 = 108_000.0;

impl Want {
    /// Needed now, whatever else is: while a frame pins an item, its slot is not overwritten.
    pub fn pinned() -> Want {
        Want {
            pinned: true,
            ..Want::distance(0.0)
        }
    }

    /// Needed now, at this distance.
    pub fn distance(distance: f32) -> Want {
        Want {
            distance: placed(distance),
            pinned: false,
            from: 0.0,
            until: 0.0,
        }
    }

    /// Needed now, at the distance between two places. A place with a coordinate that is not finite is farthest.
    pub fn between(camera: [f32; 3], item: [f32; 3]) -> Want {
        let [x, y, z] = [0, 1, 2].map(|axis| item[axis] - camera[axis]);
        let is_placed = camera.iter().chain(&item).all(|number| number.is_finite());
        let squares = x * x + y * y + z * z;
        Want::distance(if is_placed {
            squares.sqrt()
        } else {
            f32::INFINITY
        })
    }

    /// Needed now; without the item there would be an error of this size on the screen (in pixels, or any other unit). The larger the
    /// nearer; no error is farthest, and so are negative ones and what is not a number.
    pub fn screen_error(error: f32) -> Want {
        Want::distance(if error > 0.0 {
            1.0 / error
        } else {
            f32::INFINITY
        })
    }

    /// Needed that many frames later. No miss is counted for what is needed only later. Negative counts as 0, what is not a number as the
    /// farthest look ahead, half an hour.
    #[must_use]
    pub fn ahead(self, frames: f32) -> Want {
        let later = |from: f32| (from + placed(frames)).min(AHEAD_MAX);
        Want {
            from: later(self.from),
            until: later(self.until),
            ..self
        }
    }

    /// What both say together, in either order: the smaller distance, from the earlier frame to the later one.
    #[must_use]
    pub fn nearest(self, other: Want) -> Want {
        Want {
            distance: self.distance.min(other.distance),
            pinned: self.pinned || other.pinned,
            from: self.from.min(other.from),
            until: self.until.max(other.until),
        }
    }

    /// The distance that decides: longer for what is needed later, shorter for what is needed longer; 0 for pinned, infinite for farthest.
    pub fn reach(self) -> f32 {
        let Want {
            distance,
            pinned,
            from,
            until,
        } = self;
        if pinned {
            0.0
        } else if from > 0.0 {
            distance * (1.0 + from)
        } else {
            distance / (1.0 + until)
        }
    }

    /// Whether it is pinned.
    pub fn is_pinned(self) -> bool {
        self.pinned
    }

    /// Whether it is needed in this frame, and not only ahead.
    pub fn is_now(self) -> bool {
        self.from == 0.0
    }

    /// A number that orders as distances do, with pinned before all.
    pub(super) fn rank(self) -> u32 {
        rank(self.pinned, self.reach())
    }

    /// The rank of an item that is there: nearer by the factor that another must beat. Farthest stays farthest.
    pub(super) fn rank_held(self, factor: f32) -> u32 {
        rank(self.pinned, self.reach() / factor)
    }
}

/// A number that is not negative, never -0 and never NaN: that is infinite.
fn placed(number: f32) -> f32 {
    if number > 0.0 {
        number
    } else if number.is_nan() {
        f32::INFINITY
    } else {
        0.0
    }
}

/// Floats that are not negative order as their bits do.
fn rank(pinned: bool, reach: f32) -> u32 {
    if pinned { 0 } else { reach.to_bits() + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_numbers_have_a_place() {
        let farthest = Want::distance(f32::INFINITY);
        for odd in [f32::NAN, -f32::NAN, f32::INFINITY] {
            assert_eq!(Want::distance(odd), farthest);
        }
        for near in [0.0, -0.0, -1.0, f32::NEG_INFINITY] {
            assert_eq!(Want::distance(near).rank(), Want::distance(0.0).rank());
        }
        for odd in [0.0, -0.0, -1.0, f32::NAN] {
            assert_eq!(Want::screen_error(odd), farthest);
        }
        assert_eq!(Want::screen_error(f32::INFINITY).reach(), 0.0);
        let home = [0.0; 3];
        for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert_eq!(Want::between(home, [odd, 0.0, 0.0]), farthest);
            assert_eq!(Want::between([0.0, odd, 0.0], home), farthest);
        }
        assert_eq!(
            Want::between([f32::MAX; 3], home),
            farthest,
            "too far to tell"
        );
        for odd in [f32::NAN, f32::INFINITY, 1e30] {
            let late = Want::distance(1.0).ahead(odd).ahead(odd);
            assert_eq!(late.reach(), 1.0 + AHEAD_MAX);
            assert!(!late.is_now());
        }
        assert!(Want::distance(1.0).ahead(-1.0).is_now());
        assert_eq!(
            farthest.nearest(farthest.ahead(5.0)),
            farthest.ahead(5.0).nearest(farthest)
        );
        assert_eq!(farthest.nearest(farthest.ahead(5.0)).reach(), f32::INFINITY);
        assert!(Want::pinned().ahead(3.0).is_pinned());
    }

    #[test]
    fn ranks_order_as_distances_do() {
        let wants = [
            Want::pinned(),
            Want::distance(0.0),
            Want::distance(f32::MIN_POSITIVE / 2.0),
            Want::distance(1.0),
            Want::distance(1.0).ahead(0.5),
            Want::screen_error(0.5),
            Want::between([0.0; 3], [1.0, 2.0, 2.0]),
            Want::distance(f32::MAX),
            Want::distance(f32::NAN),
        ];
        assert!(wants.is_sorted_by(|a, b| a.rank() < b.rank()));
        let held = Want::distance(1.1).rank_held(1.2);
        assert!(held < Want::distance(1.0).rank());
        assert_eq!(
            Want::distance(f32::NAN).rank_held(1.2),
            Want::distance(f32::NAN).rank()
        );
    }
}
