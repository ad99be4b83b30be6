//! A path of documents, and what is counted there.

use super::NO_PLACE;
use crate::document::Namespace;

/// Attributes of one path that are listed, since a new one is sorted in among the others.
const ATTRIBUTES_MAX: usize = 10_000;

/// How often something occurs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// In how many documents.
    pub(crate) documents: u64,
    /// How often in all of them.
    pub(crate) times: u64,
    /// How often with a value: text other than white space.
    pub(crate) filled: u64,
    times_here: u32,
    filled_here: u32,
}

impl Tally {
    /// Counts it in the document in hand; says whether it is the first time.
    #[inline]
    pub(super) fn count(&mut self) -> bool {
        self.times_here += 1;
        // Taken back once, it may come to 1 again.
        self.times_here == 1
    }

    pub(super) fn settle(&mut self, counts: bool) {
        if counts {
            self.documents += u64::from(self.times_here > 0);
            self.times += u64::from(self.times_here);
            self.filled += u64::from(self.filled_here);
        }
        self.times_here = 0;
        self.filled_here = 0;
    }

    /// What the document in hand has, which is forgotten.
    pub(super) fn take_here(&mut self) -> (u32, u32) {
        (std::mem::take(&mut self.times_here), std::mem::take(&mut self.filled_here))
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.documents += other.documents;
        self.times += other.times;
        self.filled += other.filled;
    }
}

/// An attribute of the elements at a path.
#[derive(Debug, Clone)]
pub(crate) struct Attribute {
    pub(crate) name: Box<str>,
    pub(crate) namespace: Namespace,
    pub(crate) tally: Tally,
}

/// What became of an attribute that was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    Again,
    /// For the first time in this document.
    First(u32),
    /// For the first time at all.
    New(u32),
    NoRoom,
}

/// The elements at a path.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Without a prefix.
    pub(crate) name: Box<str>,
    pub(crate) namespace: Namespace,
    pub(crate) parent: u32,
    /// How many elements it is in, itself included.
    pub(super) depth: u32,
    pub(crate) tally: Tally,
    /// In the order of their first occurrence.
    pub(crate) attributes: Vec<Attribute>,
    /// Their numbers by name.
    sorted: Vec<u32>,
    /// By name.
    pub(super) children: Vec<u32>,
    /// The child that the next one probably is.
    pub(super) guess: u32,
    /// The child that the latest one was.
    pub(super) last: u32,
    /// The child that came first last time.
    pub(super) first: u32,
    /// The element beside it that came next last time.
    pub(super) follows: u32,
    /// The attribute that the next one probably is.
    next_attribute: u32,
    /// The attributes of the element in hand, by number, with whether they are filled.
    in_hand: Vec<(u32, bool)>,
    has_text: bool,
}

impl Place {
    pub(super) fn new(name: &str, namespace: Namespace, parent: u32, depth: u32) -> Self {
        Self {
            name: name.into(),
            namespace,
            parent,
            depth,
            tally: Tally::default(),
            attributes: Vec::new(),
            sorted: Vec::new(),
            children: Vec::new(),
            guess: NO_PLACE,
            last: NO_PLACE,
            first: NO_PLACE,
            follows: NO_PLACE,
            next_attribute: 0,
            in_hand: Vec::new(),
            has_text: false,
        }
    }

    #[inline]
    pub(super) fn is(&self, name: &str, namespace: Namespace) -> bool {
        self.namespace == namespace && *self.name == *name
    }

    pub(super) fn key(&self) -> (&str, Namespace) {
        (&self.name, self.namespace)
    }

    /// Begins another element at the path.
    #[inline]
    pub(super) fn begin(&mut self) {
        self.guess = self.first;
        self.last = NO_PLACE;
        self.next_attribute = 0;
        self.in_hand.clear();
        self.has_text = false;
    }

    /// Takes the element in hand back.
    pub(super) fn take_back(&mut self) {
        self.tally.times_here -= 1;
        for (attribute, is_filled) in std::mem::take(&mut self.in_hand) {
            let tally = &mut self.attributes[attribute as usize].tally;
            tally.times_here -= 1;
            tally.filled_here -= u32::from(is_filled);
        }
    }

    #[inline]
    pub(super) fn count_text(&mut self) {
        if !self.has_text {
            self.has_text = true;
            self.tally.filled_here += 1;
        }
    }

    pub(super) fn tally_of(&mut self, attribute: u32) -> &mut Tally {
        &mut self.attributes[attribute as usize].tally
    }

    #[inline]
    pub(super) fn count_attribute(
        &mut self,
        name: &str,
        namespace: Namespace,
        is_filled: bool,
        has_room: bool,
    ) -> Counted {
        let guess = self.next_attribute;
        let (attribute, is_new) = match self.attributes.get(guess as usize) {
            Some(known) if *known.name == *name && known.namespace == namespace => (guess, false),
            Some(_) | None => match self.attribute(name, namespace, has_room) {
                Some(found) => found,
                None => return Counted::NoRoom,
            },
        };
        self.next_attribute = attribute + 1;
        self.in_hand.push((attribute, is_filled));
        let tally = &mut self.attributes[attribute as usize].tally;
        tally.filled_here += u32::from(is_filled);
        match tally.count() {
            true if is_new => Counted::New(attribute),
            true => Counted::First(attribute),
            false => Counted::Again,
        }
    }

    /// Finds an attribute, or begins it; says whether it is new. `None` where there is no room.
    #[cold]
    pub(super) fn attribute(
        &mut self,
        name: &str,
        namespace: Namespace,
        has_room: bool,
    ) -> Option<(u32, bool)> {
        crate::work::note(1);
        let attributes = &self.attributes;
        let found = self.sorted.binary_search_by(|attribute| {
            let attribute = &attributes[*attribute as usize];
            (&*attribute.name, attribute.namespace).cmp(&(name, namespace))
        });
        match found {
            Ok(at) => Some((self.sorted[at], false)),
            Err(_) if !has_room || attributes.len() >= ATTRIBUTES_MAX => None,
            Err(at) => {
                let number = u32::try_from(attributes.len()).expect("their number is limited");
                self.sorted.insert(at, number);
                let tally = Tally::default();
                self.attributes.push(Attribute { name: name.into(), namespace, tally });
                Some((number, true))
            }
        }
    }
}
