//! Changing many samples at once, in place.

use std::ops::Range;

use crate::model::{Label, LabelValue, LocationIx, Samples};
use crate::strings::StringTable;

impl Samples {
    /// Changes every stack in place. `edit` gets the sample's index and its stack, leaf first, in
    /// which it may move and replace frames; it returns the part of the stack that stays, or `None`
    /// to drop the sample.
    pub fn edit(&mut self, mut edit: impl FnMut(usize, &mut [LocationIx]) -> Option<Range<usize>>) {
        let width = self.width;
        let has_labels = !self.label_ends.is_empty();
        let (mut samples, mut frames, mut labels) = (0, 0, 0);
        let (mut start, mut label_start) = (0, 0);
        for i in 0..self.len() {
            let end = self.frame_ends[i];
            let label_end = if has_labels { self.label_ends[i] } else { 0 };
            if let Some(part) = edit(i, &mut self.frames[start..end]) {
                let part = start + part.start..start + part.end;
                let len = part.len();
                // Nothing has moved as long as nothing was left out.
                if part.start != frames {
                    self.frames.copy_within(part, frames);
                }
                frames += len;
                self.frame_ends[samples] = frames;
                if samples != i {
                    let values = i * width..(i + 1) * width;
                    self.values.copy_within(values, samples * width);
                }
                if has_labels {
                    let len = label_end - label_start;
                    self.labels.copy_within(label_start..label_end, labels);
                    labels += len;
                    self.label_ends[samples] = labels;
                }
                samples += 1;
            }
            (start, label_start) = (end, label_end);
        }
        self.frame_ends.truncate(samples);
        self.frames.truncate(frames);
        self.values.truncate(samples * width);
        if has_labels {
            self.label_ends.truncate(samples);
            self.labels.truncate(labels);
        }
    }

    /// Keeps the samples for which `keep` is true.
    pub fn retain(&mut self, keep: impl Fn(&Samples, usize) -> bool) {
        let kept: Vec<bool> = (0..self.len()).map(|i| keep(self, i)).collect();
        self.edit(|i, stack| kept[i].then_some(0..stack.len()));
    }

    /// Drops the samples whose values are all 0.
    pub fn drop_zeros(&mut self) {
        self.retain(|samples, i| samples.values(i).iter().any(|&v| v != 0));
    }

    /// Keeps the labels for which `keep` is true.
    pub fn retain_labels(&mut self, mut keep: impl FnMut(&Label) -> bool) {
        let mut labels = 0;
        let mut start = 0;
        for end in &mut self.label_ends {
            for i in start..*end {
                if keep(&self.labels[i]) {
                    self.labels[labels] = self.labels[i];
                    labels += 1;
                }
            }
            start = std::mem::replace(end, labels);
        }
        self.labels.truncate(labels);
    }

    /// Takes every value that `change` gets (with the index of its sample type) through it.
    pub fn map_values(&mut self, mut change: impl FnMut(usize, i64) -> i64) {
        for values in self.values.chunks_mut(self.width.max(1)) {
            for (column, v) in values.iter_mut().enumerate() {
                *v = change(column, *v);
            }
        }
    }

    /// Keeps these columns of values, in this order.
    pub(crate) fn choose_columns(&mut self, columns: &[usize]) {
        let mut values = Vec::with_capacity(self.len() * columns.len());
        for i in 0..self.len() {
            let old = self.values(i);
            values.extend(columns.iter().map(|&c| old[c]));
        }
        self.values = values;
        self.width = columns.len();
    }

    /// The sum of each column.
    pub fn totals(&self) -> Vec<i64> {
        let mut totals = vec![0i64; self.width];
        for values in self.values.chunks(self.width.max(1)) {
            for (total, v) in totals.iter_mut().zip(values) {
                *total = total.wrapping_add(*v);
            }
        }
        totals
    }
}

/// Puts labels in the order in which files have them: texts before numbers, by key; labels of the
/// same key keep their order.
pub(crate) fn sort_labels(strings: &StringTable, labels: &mut [Label]) {
    if labels.len() < 2 {
        return;
    }
    let number = |l: &Label| matches!(l.value, LabelValue::Num(..));
    labels.sort_by(|a, b| {
        number(a)
            .cmp(&number(b))
            .then_with(|| strings.get(a.key).cmp(strings.get(b.key)))
    });
}
