//! `std::thread_local`, for shuttle's threads.

/// `std::thread_local`.
macro_rules! thread_local {
    ($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty = const { $init:expr } $(;)?) => {
        thread_local! { $(#[$attribute])* $visibility static $name: $type = $init; }
    };
    ($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty = $init:expr $(;)?) => {
        $(#[$attribute])*
        $visibility static $name: $crate::stand_ins::thread::LocalKey<$type> = {
            shuttle::thread_local! { static KEY: $type = $init; }
            $crate::stand_ins::thread::LocalKey::new(&KEY, || $init)
        };
    };
}
