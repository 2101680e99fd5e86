//! CPU time and memory of processes, from `/proc`.

use std::fs;

/// The kernel's unit in `/proc/PID/stat`, on every architecture that we know.
const TICKS_PER_SECOND: f64 = 100.0;

/// Positions after the command's name in `/proc/PID/stat`.
const PARENT: usize = 1;
const OWN: [usize; 2] = [11, 12];
/// That of children which have ended and were waited for.
const CHILDREN: [usize; 2] = [13, 14];

fn stat(pid: u32) -> Option<Vec<i64>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may contain spaces; the state after it is a letter.
    let (_, fields) = text.rsplit_once(')')?;
    Some(
        fields
            .split_whitespace()
            .map(|field| field.parse().unwrap_or(0))
            .collect(),
    )
}

fn seconds(stat: &[i64], fields: [usize; 2]) -> f64 {
    let ticks: i64 = fields.iter().map(|field| stat[*field]).sum();
    ticks as f64 / TICKS_PER_SECOND
}

/// Returns the CPU time of a process with all its threads, in seconds.
pub fn cpu_of(pid: u32) -> f64 {
    seconds(&stat(pid).unwrap(), OWN)
}

/// Returns the CPU time of a process and all its children, whether they still run or not, in seconds.
pub fn cpu_of_family(pid: u32) -> f64 {
    let own = stat(pid).unwrap();
    let running = fs::read_dir("/proc").unwrap().flatten();
    let children = running
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(stat)
        .filter(|child| child[PARENT] == i64::from(pid));
    seconds(&own, OWN)
        + seconds(&own, CHILDREN)
        + children.map(|child| seconds(&child, OWN)).sum::<f64>()
}

/// Returns the parent of a process.
pub fn parent(pid: u32) -> u32 {
    u32::try_from(stat(pid).unwrap()[PARENT]).unwrap()
}

/// Returns the memory of a process that is resident now, in MB.
pub fn memory_of(pid: u32) -> f64 {
    status(pid, "VmRSS:").unwrap() as f64 / 1024.0
}

/// Returns the most memory of a process that was ever resident, in kB; `None` once it has ended.
pub fn peak_memory_of(pid: u32) -> Option<u64> {
    status(pid, "VmHWM:")
}

/// Returns a value of `/proc/PID/status`, in kB.
fn status(pid: u32, name: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    value.trim().trim_end_matches(" kB").parse().ok()
}
