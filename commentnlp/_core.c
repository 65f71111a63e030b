/* The compiled core: tags normalised comments as commentnlp.model does with arrays, one by one.
 *
 * Fold, see whether a rule of the normaliser is needed, cut as jieba does without its hidden Markov
 * model, look up n-grams, add weights, decide, find the evidence. `commentnlp.compiled` hands over
 * the arrays and keeps them alive; the array code stays, is the oracle of the tests, and does all
 * this where no compiler was at hand. Every length and every index is checked here: a model folder
 * cannot make this code read outside its arrays.
 */
#define Py_LIMITED_API 0x030A0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CODES 0x110000u
#define MANY 0x10FFFFu /* stands for characters that fold to more than one, or to none */
#define SYMBOL_BITS 21
#define SEQUENCE (1 << 19)
#define WORD (1 * SEQUENCE)
#define CONCEPT (2 * SEQUENCE)
#define CHAR (3 * SEQUENCE)
#define UNKNOWN 0
#define BOUNDARY 1
#define ROLE_BIT 24
enum { NEGATOR = 1, FINAL = 2, STOP = 4, TAIL = 8, DENIABLE = 16, ROLES = 31 };
enum { WORDS_AFTER = 4, WORDS_BEFORE = 3 };
enum { RULE = 1, FIGURE = 2, PAIR = 4, ALONE = 8 }; /* commentnlp.text._Watch */
#define SHORTEST_CONTACT 7
#define SHORTEST_CLAUSE 3
#define LONGEST_LETTERS 2
#define LENGTH_POWER 0.7
#define LENGTH_UNIT 20.0
#define SAME 1e6 /* weights that differ by less than its inverse are the same */
#define LONGEST_LENGTH 40
#define MOST_NAMED 256 /* labels whose names a line can hold */
#define SPREAD 0x9E3779B97F4A7C15u

/* ------------------------------------------------------------------------------------ the core */

typedef struct Scratch Scratch;

#define NO_WORD 1 /* all costs are negative */

/* jieba's dictionary as a trie: a slot holds a node, a character and the child. */
typedef struct {
    uint64_t *slots;
    double *cost; /* of a node: log of its frequency over the total; NO_WORD for a mere beginning */
    uint32_t nodes;
    double total, unknown_cost;
} Dictionary;

/* An n-gram and its feature. */
typedef struct {
    int64_t key; /* 0: empty */
    int32_t column;
} Slot;

typedef struct {
    PyObject *owner; /* holds the arrays below that are only borrowed */
    /* folding */
    const uint32_t *folded; /* 0 where a character was not yet met */
    const uint8_t *flags;
    const int64_t *pairs;
    Py_ssize_t n_pairs;
    const Dictionary *dictionary;
    /* words and their symbols */
    const uint32_t *word_codes;
    int64_t *word_begin;
    const int32_t *word_length;
    const int64_t *word_value;
    int32_t *word_slots;
    uint64_t word_mask;
    int64_t other;
    /* characters, denial */
    const int64_t *char_symbol;
    const int64_t *denied; /* concept → its denied form */
    int64_t asked;
    /* n-grams */
    Slot *table;
    uint64_t table_mask;
    int table_shift;
    Py_ssize_t features;
    /* weights */
    const float *weights;
    const double *idf2, *bias, *thresholds;
    int labels;
    const int64_t *family; /* labels × widest: a label and its leaves */
    int widest;
    const int64_t *parent; /* of a leaf, else -1 */
    double *least;         /* log-odds below which a label is surely not chosen */
    /* the second look: log-odds, pairs of parents, length, its square, 1 → log-odds */
    const double *second;
    const int64_t *parents;
    int n_parents;
    Scratch *free;
} Core;

/* ---------------------------------------------------------------------------------- the scratch */

typedef struct {
    int32_t column, start, end;
} Gram;

typedef struct {
    int32_t offset;         /* where it begins in its text */
    Py_ssize_t gram, grams; /* its n-grams */
    double scale;
} View;

typedef struct {
    int32_t row, column, start, end;
    double score, weight;
} Hit;

struct Scratch {
    Scratch *next;
    uint32_t *stamp; /* of a feature: the view in which it was last seen */
    int32_t *count;  /* and how often there */
    uint32_t now;
    float *sum;
    double *mixed, *likely, *own;
    uint8_t *chosen, *led;
    /* as long as the text */
    Py_ssize_t room;
    uint32_t *code, *text; /* the raw characters and the normalised ones */
    double *route;
    int32_t *route_end;
    int32_t *word_end, *whole_end, *clause_start, *clause_end;
    int64_t *word, *concept, *symbol;
    int32_t *role;
    uint8_t *state;
    double *by_char, *by_word;
    /* as long as it takes */
    Gram *grams;
    Py_ssize_t n_grams, gram_room;
    View *views;
    Py_ssize_t n_views, view_room;
    double *by_view;
    Py_ssize_t by_view_room;
    Hit *hits;
    Py_ssize_t n_hits, hit_room;
};

static int grow(void **array, Py_ssize_t *room, Py_ssize_t needed, size_t size)
{
    if (needed <= *room)
        return 0;
    Py_ssize_t wanted = needed + needed / 2 + 64;
    if ((size_t)wanted > SIZE_MAX / size)
        return -1;
    void *larger = realloc(*array, (size_t)wanted * size);
    if (!larger)
        return -1;
    *array = larger;
    *room = wanted;
    return 0;
}

static int grow_to_text(Scratch *s, Py_ssize_t length)
{
    if (length + 2 <= s->room)
        return 0;
    Py_ssize_t wanted = length + length / 2 + 66;
    if (wanted > INT32_MAX / 16)
        return -1;
#define GROW(field)                                                                              \
    do {                                                                                           \
        void *larger = realloc(s->field, (size_t)wanted * sizeof *s->field);                       \
        if (!larger)                                                                               \
            return -1;                                                                             \
        s->field = larger;                                                                         \
    } while (0)
    GROW(code);
    GROW(text);
    GROW(route);
    GROW(route_end);
    GROW(word_end);
    GROW(whole_end);
    GROW(clause_start);
    GROW(clause_end);
    GROW(word);
    GROW(concept);
    GROW(symbol);
    GROW(role);
    GROW(state);
    GROW(by_char);
    GROW(by_word);
#undef GROW
    s->room = wanted;
    return 0;
}

static void free_arrays(Scratch *s)
{
    free(s->stamp), free(s->count), free(s->sum), free(s->mixed), free(s->likely), free(s->own);
    free(s->chosen), free(s->led), free(s->code), free(s->text), free(s->route);
    free(s->route_end), free(s->word_end), free(s->whole_end), free(s->clause_start);
    free(s->clause_end), free(s->word), free(s->concept), free(s->symbol), free(s->role);
    free(s->state), free(s->by_char), free(s->by_word), free(s->grams), free(s->views);
    free(s->by_view), free(s->hits);
}

static void free_scratch(Scratch *s)
{
    free_arrays(s);
    free(s);
}

static Scratch *new_scratch(const Core *core)
{
    Scratch *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    size_t labels = (size_t)core->labels + 1, features = (size_t)core->features + 1;
    size_t parents = (size_t)core->n_parents + 1;
    s->stamp = calloc(features, sizeof *s->stamp);
    s->count = calloc(features, sizeof *s->count);
    s->sum = calloc(labels, sizeof *s->sum);
    s->mixed = calloc(labels, sizeof *s->mixed);
    s->own = calloc(labels, sizeof *s->own);
    s->likely = calloc(parents, sizeof *s->likely);
    s->chosen = calloc(labels, 1);
    s->led = calloc(labels, 1);
    if (!s->stamp || !s->count || !s->sum || !s->mixed || !s->own || !s->likely || !s->chosen ||
        !s->led || grow_to_text(s, 200)) {
        free_scratch(s);
        return NULL;
    }
    return s;
}

/* A scratch is taken and given back while the GIL is held. */
static Scratch *take_scratch(Core *core)
{
    Scratch *s = core->free;
    if (s)
        core->free = s->next;
    else
        s = new_scratch(core);
    if (s)
        s->n_hits = 0;
    return s;
}

static void give_back(Core *core, Scratch *s)
{
    s->next = core->free;
    core->free = s;
}

/* ------------------------------------------------------------------------------ the dictionary */

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/* A slot: 23 bits of the node, 21 of the character, 20 of the child; 0 is empty, as no child is 0 */
#define MOST_NODES (1u << 20)
#define SLOT_MASK (2 * (uint64_t)MOST_NODES - 1)

static uint32_t child_of(const Dictionary *d, uint32_t node, uint32_t code)
{
    uint64_t key = (uint64_t)node << 21 | code;
    for (uint64_t at = mix(key) & SLOT_MASK;; at = (at + 1) & SLOT_MASK) {
        uint64_t slot = d->slots[at];
        if (!slot)
            return 0;
        if (slot >> 20 == key)
            return (uint32_t)(slot & (MOST_NODES - 1));
    }
}

static uint32_t add_child(Dictionary *d, uint32_t node, uint32_t code)
{
    uint64_t key = (uint64_t)node << 21 | code;
    uint64_t at = mix(key) & SLOT_MASK;
    for (; d->slots[at]; at = (at + 1) & SLOT_MASK)
        if (d->slots[at] >> 20 == key)
            return (uint32_t)(d->slots[at] & (MOST_NODES - 1));
    if (d->nodes >= MOST_NODES)
        return 0;
    d->slots[at] = key << 20 | d->nodes;
    return d->nodes++;
}

static int add_word(Dictionary *d, const uint32_t *codes, Py_ssize_t length, double frequency)
{
    uint32_t node = 0;
    for (Py_ssize_t i = 0; i < length; i++) {
        node = codes[i] < CODES ? add_child(d, node, codes[i]) : 0;
        if (!node)
            return -1;
    }
    if (node)
        d->cost[node] = frequency; /* until all are known */
    d->total += frequency;
    return 0;
}

/* One character of UTF-8, or 0 at the end and where it is broken. */
static uint32_t next_code(const unsigned char **at, const unsigned char *end)
{
    const unsigned char *p = *at;
    if (p >= end)
        return 0;
    uint32_t code = *p++;
    int more = code < 0x80 ? 0 : code < 0xE0 ? 1 : code < 0xF0 ? 2 : 3;
    if (more)
        code &= 0x3Fu >> more;
    for (; more; more--) {
        if (p >= end || (*p & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (*p++ & 0x3Fu);
    }
    *at = p;
    return code < CODES ? code : 0;
}

/* Lines of a word, a blank, its frequency, and what we do not need. */
static int read_lines(Dictionary *d, const unsigned char *at, const unsigned char *end)
{
    enum { LONGEST = 64 };
    uint32_t codes[LONGEST];
    while (at < end) {
        const unsigned char *stop = memchr(at, '\n', (size_t)(end - at));
        const unsigned char *line_end = stop ? stop : end;
        Py_ssize_t length = 0;
        while (at < line_end && *at != ' ' && length < LONGEST) {
            uint32_t code = next_code(&at, line_end);
            if (!code)
                return -1;
            codes[length++] = code;
        }
        if (at >= line_end || *at != ' ' || !length)
            return -1;
        double frequency = 0;
        for (at++; at < line_end && *at >= '0' && *at <= '9'; at++)
            frequency = frequency * 10 + (*at - '0');
        if (add_word(d, codes, length, frequency))
            return -1;
        at = line_end + 1;
    }
    return 0;
}

/* ----------------------------------------------------------------------------------- folding */

static int is_pair(const Core *core, uint32_t first, uint32_t second)
{
    int64_t sought = (int64_t)first << 21 | second;
    Py_ssize_t low = 0, high = core->n_pairs;
    while (low < high) {
        Py_ssize_t middle = (low + high) / 2;
        if (core->pairs[middle] < sought)
            low = middle + 1;
        else
            high = middle;
    }
    return low < core->n_pairs && core->pairs[low] == sought;
}

enum { PLAIN, RULED, UNSEEN };

/* Fold a text in place. Says whether that is all, or a rule of the normaliser might have something
 * to do, or a character was not yet met. */
static int fold(const Core *core, uint32_t *code, Py_ssize_t length)
{
    int figures = 0;
    uint8_t before = 0;
    for (Py_ssize_t i = 0; i < length; i++) {
        uint32_t c = core->folded[code[i]];
        if (!c)
            return UNSEEN;
        if (c == MANY)
            return RULED;
        uint8_t flags = core->flags[c];
        if (flags & (RULE | ALONE))
            return RULED;
        if (flags & FIGURE && ++figures >= SHORTEST_CONTACT)
            return RULED;
        code[i] = c;
        if (before & PAIR && is_pair(core, code[i - 1], c))
            return RULED;
        before = flags;
        if (i && c == ' ' && code[i - 1] == ' ')
            return RULED;
        for (Py_ssize_t period = 1; period <= 4 && 2 * period <= i; period++)
            if (c == code[i - period] && c == code[i - 2 * period])
                return RULED;
    }
    if (!length)
        return PLAIN;
    uint32_t first = code[0], last = code[length - 1];
    int bare = first == ' ' || first == '.' || last == ' ' || last == '.';
    return bare ? RULED : PLAIN;
}

/* ----------------------------------------------------------------------------------- cutting */

static int is_letter(uint32_t c) { return c >= 'a' && c <= 'z'; }
static int is_digit(uint32_t c) { return c >= '0' && c <= '9'; }

static int is_latin(uint32_t c) { return is_letter(c) || is_digit(c) || (c >= 'A' && c <= 'Z'); }

/* What jieba cuts by its dictionary; everything else is a word by itself. */
static int in_block(uint32_t c)
{
    return (c >= 0x4E00 && c <= 0x9FD5) || is_latin(c) || c == '+' || c == '#' || c == '&' ||
           c == '.' || c == '_' || c == '%' || c == '-';
}

/* Cut into words; where each ends goes to s->word_end. Returns how many. */
static Py_ssize_t cut(const Dictionary *d, Scratch *s, const uint32_t *text, Py_ssize_t length)
{
    Py_ssize_t words = 0;
    for (Py_ssize_t begin = 0; begin < length;) {
        if (!in_block(text[begin])) {
            s->word_end[words++] = (int32_t)++begin;
            continue;
        }
        Py_ssize_t end = begin;
        while (end < length && in_block(text[end]))
            end++;
        s->route[end] = 0;
        for (Py_ssize_t i = end - 1; i >= begin; i--) {
            double best = d->unknown_cost + s->route[i + 1];
            Py_ssize_t best_end = i + 1;
            int known = 0;
            uint32_t node = 0;
            for (Py_ssize_t j = i; j < end; j++) {
                node = child_of(d, node, text[j]);
                if (!node)
                    break;
                if (d->cost[node] == NO_WORD)
                    continue;
                double cost = d->cost[node] + s->route[j + 1];
                if (!known || cost >= best) { /* of equals the longest, as jieba takes */
                    best = cost;
                    best_end = j + 1;
                }
                known = 1;
            }
            s->route[i] = best;
            s->route_end[i] = (int32_t)best_end;
        }
        int run = 0; /* single letters and figures in a row are one word */
        for (Py_ssize_t i = begin; i < end; i = s->route_end[i]) {
            int single = s->route_end[i] == i + 1 && is_latin(text[i]);
            if (single && run)
                words--;
            s->word_end[words++] = s->route_end[i];
            run = single;
        }
        begin = end;
    }
    return words;
}

/* ----------------------------------------------------------------------------------- symbols */

static uint64_t hash_word(const uint32_t *codes, Py_ssize_t length)
{
    uint64_t hash = 0;
    for (Py_ssize_t i = 0; i < length; i++)
        hash = (hash ^ codes[i]) * SPREAD;
    return mix(hash);
}

static int32_t find_word(const Core *core, const uint32_t *codes, Py_ssize_t length)
{
    for (uint64_t at = hash_word(codes, length) & core->word_mask;;
         at = (at + 1) & core->word_mask) {
        int32_t word = core->word_slots[at];
        if (word < 0)
            return -1;
        if (core->word_length[word] == length &&
            !memcmp(core->word_codes + core->word_begin[word], codes, (size_t)length * 4))
            return word;
    }
}

static int64_t pair_of(const Core *core, const uint32_t *codes, Py_ssize_t length)
{
    enum { LONGEST = 64 };
    int32_t word = find_word(core, codes, length);
    if (word >= 0)
        return core->word_value[word];
    uint32_t shape[LONGEST];
    int figures = 0;
    if (length <= LONGEST) {
        for (Py_ssize_t i = 0; i < length; i++) {
            figures |= is_digit(codes[i]);
            shape[i] = is_digit(codes[i]) ? '#' : codes[i];
        }
        if (figures)
            word = find_word(core, shape, length);
    }
    int64_t pair = word >= 0 ? core->word_value[word] : core->other;
    return (int64_t)(WORD | UNKNOWN) << 32 | (pair & 0xFFFFFFFF);
}

/* The words of s->word_end as symbols, with denied ones denied; their characters as symbols. */
static void find_symbols(const Core *core, Scratch *s, const uint32_t *text, Py_ssize_t length,
                         Py_ssize_t words)
{
    int roles = 0;
    for (Py_ssize_t i = 0, begin = 0; i < words; begin = s->word_end[i++]) {
        int64_t pair = pair_of(core, text + begin, s->word_end[i] - begin);
        s->word[i] = pair >> 32;
        s->concept[i] = pair & ((1 << ROLE_BIT) - 1);
        s->role[i] = (int32_t)(pair >> ROLE_BIT & ROLES);
        roles |= s->role[i];
    }
    for (Py_ssize_t i = 0, run = 0; i < length; i++) {
        s->symbol[i] = core->char_symbol[text[i]] | CHAR;
        run = is_letter(text[i]) ? run + 1 : 0;
        if (run > LONGEST_LETTERS) /* more are one word */
            for (Py_ssize_t j = i; j > i - (run == LONGEST_LETTERS + 1 ? run : 1); j--)
                s->symbol[j] = CHAR | UNKNOWN;
    }
    if (!(roles & (NEGATOR | FINAL)))
        return;
    enum { ASKED = 1, DENIED = 2 };
    memset(s->state, 0, (size_t)words);
    for (Py_ssize_t i = 1; i + 1 < words; i++)
        if (s->role[i] & NEGATOR && text[s->word_end[i - 1] - 1] == text[s->word_end[i]])
            s->state[i] = ASKED;
    for (Py_ssize_t i = 0; i < words; i++) {
        if (s->state[i] & ASKED)
            continue;
        if (s->role[i] & NEGATOR)
            for (Py_ssize_t j = i + 1; j < words && j <= i + WORDS_AFTER; j++) {
                if (s->role[j] & STOP)
                    break;
                s->state[j] |= DENIED;
            }
        int ends = i + 1 >= words || s->role[i + 1] & STOP;
        if (!ends && s->role[i + 1] & TAIL)
            ends = i + 2 >= words || s->role[i + 2] & STOP;
        if (s->role[i] & FINAL && ends)
            for (Py_ssize_t j = i - 1; j >= 0 && j >= i - WORDS_BEFORE; j--) {
                if (s->role[j] & STOP)
                    break;
                s->state[j] |= DENIED;
            }
    }
    for (Py_ssize_t i = 0; i < words; i++) {
        if (s->state[i] & ASKED)
            s->concept[i] = core->asked;
        if (!(s->state[i] & DENIED) || !(s->role[i] & DENIABLE))
            continue;
        s->word[i] = WORD | UNKNOWN;
        s->concept[i] = CONCEPT | core->denied[s->concept[i] & (SEQUENCE - 1)];
        for (int32_t j = i ? s->word_end[i - 1] : 0; j < s->word_end[i]; j++)
            s->symbol[j] = CHAR | UNKNOWN;
    }
}

/* ----------------------------------------------------------------------------------- n-grams */

static int32_t column_of(const Core *core, int64_t key)
{
    for (uint64_t at = (uint64_t)key * SPREAD >> core->table_shift;; at++) {
        const Slot *slot = core->table + (at & core->table_mask);
        if (slot->key == key)
            return slot->column;
        if (!slot->key)
            return -1;
    }
}

static int add_gram(const Core *core, Scratch *s, int64_t key, int32_t start, int32_t end)
{
    int32_t column = column_of(core, key);
    if (column < 0)
        return 0;
    if (grow((void **)&s->grams, &s->gram_room, s->n_grams + 1, sizeof *s->grams))
        return -1;
    s->grams[s->n_grams++] = (Gram){column, start, end};
    return 0;
}

/* All n-grams of a sequence between two boundaries, up to ``longest``. A boundary has no width. */
static int add_grams(const Core *core, Scratch *s, const int64_t *symbols, const int32_t *ends,
                     Py_ssize_t count, int64_t boundary, int longest)
{
    int64_t one = boundary, two = 0;
    int32_t one_start = 0, two_start = 0;
    for (Py_ssize_t i = 0; i <= count; i++) {
        int last = i == count;
        int64_t symbol = last ? boundary : symbols[i];
        int32_t start = !i ? 0 : ends ? ends[i - 1] : (int32_t)i;
        int32_t end = last ? start : ends ? ends[i] : (int32_t)i + 1;
        int64_t pair = one << SYMBOL_BITS | symbol;
        if (!last && add_gram(core, s, symbol, start, end))
            return -1;
        if (count && add_gram(core, s, pair, one_start, end))
            return -1;
        if (longest > 2 && i && add_gram(core, s, two << SYMBOL_BITS | symbol, two_start, end))
            return -1;
        two = pair;
        two_start = one_start;
        one = symbol;
        one_start = start;
    }
    return 0;
}

/* ------------------------------------------------------------------------------------- scores */

static void add(float *restrict sum, const float *restrict weight, int labels)
{
    for (int label = 0; label < labels; label++)
        sum[label] += weight[label];
}

static void move(double *restrict to, float *restrict sum, int labels)
{
    for (int label = 0; label < labels; label++) {
        to[label] += (double)sum[label];
        sum[label] = 0;
    }
}

static void add_times(double *restrict sum, const double *restrict weight, double times, int labels)
{
    for (int label = 0; label < labels; label++)
        sum[label] += weight[label] * times;
}

/* Score the ``length`` characters from ``offset`` on, as one view more. */
static int score_view(const Core *core, Scratch *s, Py_ssize_t offset, Py_ssize_t length)
{
    const uint32_t *text = s->text + offset;
    Py_ssize_t words = cut(core->dictionary, s, text, length);
    find_symbols(core, s, text, length, words);
    int labels = core->labels;
    Py_ssize_t first = s->n_grams;
    if (grow((void **)&s->views, &s->view_room, s->n_views + 1, sizeof *s->views) ||
        grow((void **)&s->by_view, &s->by_view_room, (s->n_views + 1) * labels, sizeof(double)) ||
        add_grams(core, s, s->word, s->word_end, words, WORD | BOUNDARY, 2) ||
        add_grams(core, s, s->concept, s->word_end, words, CONCEPT | BOUNDARY, 3) ||
        add_grams(core, s, s->symbol, NULL, length, CHAR | BOUNDARY, 3))
        return -1;
    if (!++s->now) { /* after four milliards of views */
        memset(s->stamp, 0, (size_t)core->features * sizeof *s->stamp);
        s->now = 1;
    }
    double square = 0;
    int features = 0;
    memset(s->sum, 0, (size_t)labels * sizeof *s->sum);
    memset(s->own, 0, (size_t)labels * sizeof *s->own);
    for (Py_ssize_t i = first; i < s->n_grams; i++) {
        int32_t column = s->grams[i].column;
        if (s->stamp[column] == s->now) /* a feature counts once in a text */
            continue;
        s->stamp[column] = s->now;
        square += core->idf2[column];
        add(s->sum, core->weights + (size_t)column * (size_t)labels, labels);
        if (++features % 32 == 0) /* long sums of floats would not be exact enough */
            move(s->own, s->sum, labels);
    }
    move(s->own, s->sum, labels);
    double scale = pow(square > DBL_MIN ? square : DBL_MIN, -LENGTH_POWER / 2);
    double *logits = s->by_view + s->n_views * labels;
    for (int label = 0; label < labels; label++)
        logits[label] = core->bias[label] + s->own[label] * scale;
    s->views[s->n_views++] = (View){(int32_t)offset, first, s->n_grams - first, scale};
    return 0;
}

static double sigmoid(double logit) { return 1 / (1 + exp(-logit)); }

/* Whether a character parts two things said in one breath; a point inside a figure does not. */
static int is_break(const uint32_t *text, Py_ssize_t length, Py_ssize_t i)
{
    uint32_t c = text[i];
    if (c != '.')
        return c == ' ' || c == '!' || c == '?' || c == ':';
    return !(i && is_digit(text[i - 1])) || !(i + 1 < length && is_digit(text[i + 1]));
}

/* Score every clause, where there are several. */
static int score_clauses(const Core *core, Scratch *s, Py_ssize_t length)
{
    if (length <= 2 * SHORTEST_CLAUSE)
        return 0;
    Py_ssize_t clauses = 0, start = 0;
    for (Py_ssize_t i = 0; i < length;) {
        if (!is_break(s->text, length, i)) {
            i++;
            continue;
        }
        Py_ssize_t begin = i;
        while (i < length && is_break(s->text, length, i))
            i++;
        if (begin - start >= SHORTEST_CLAUSE) {
            s->clause_start[clauses] = (int32_t)start;
            s->clause_end[clauses++] = (int32_t)begin;
            start = i;
        }
    }
    if (length - start >= SHORTEST_CLAUSE || !clauses) {
        s->clause_start[clauses] = (int32_t)start;
        s->clause_end[clauses++] = (int32_t)length;
    } else if (start < length) {
        s->clause_end[clauses - 1] = (int32_t)length;
    }
    if (clauses < 2)
        return 0;
    for (Py_ssize_t i = 0; i < clauses; i++)
        if (score_view(core, s, s->clause_start[i], s->clause_end[i] - s->clause_start[i]))
            return -1;
    return 0;
}

/* Mixed log-odds of a normalised text of ``length`` characters in s->text, to s->mixed. */
static int score_text(const Core *core, Scratch *s, Py_ssize_t length)
{
    int labels = core->labels;
    s->n_views = s->n_grams = 0;
    if (score_view(core, s, 0, length))
        return -1;
    /* evidence is told in words of the whole text */
    Py_ssize_t words = 0;
    for (Py_ssize_t end = 0; end < length; words++)
        end = s->whole_end[words] = s->word_end[words];
    if (score_clauses(core, s, length))
        return -1;
    const double *logits = s->by_view;
    for (int label = 0; label < labels; label++) {
        double own = logits[label];
        if (s->n_views > 1) {
            double best = logits[labels + label];
            for (Py_ssize_t view = 2; view < s->n_views; view++)
                if (logits[view * labels + label] > best)
                    best = logits[view * labels + label];
            own = (own + best) / 2;
        }
        s->mixed[label] = own;
    }
    if (!core->second)
        return 0;
    double *out = s->own;
    const double *row = core->second;
    memset(out, 0, (size_t)labels * sizeof *out);
    for (int i = 0; i < labels; i++, row += labels)
        add_times(out, row, s->mixed[i], labels);
    for (int i = 0; i < core->n_parents; i++)
        s->likely[i] = sigmoid(s->mixed[core->parents[i]]);
    for (int i = 0; i < core->n_parents; i++)
        for (int j = i + 1; j < core->n_parents; j++, row += labels)
            add_times(out, row, s->likely[i] * s->likely[j], labels);
    double size = (length < LONGEST_LENGTH ? (double)length : LONGEST_LENGTH) / LENGTH_UNIT;
    add_times(out, row, size, labels);
    add_times(out, row + labels, size * size, labels);
    add_times(out, row + 2 * labels, 1, labels);
    memcpy(s->mixed, out, (size_t)labels * sizeof *out);
    return 0;
}

/* ----------------------------------------------------------------------------------- evidence */

/* Add what the n-grams of a view weigh for a label to the characters of the whole text. */
static void weigh(const Core *core, Scratch *s, const View *view, int column, double part)
{
    const Gram *gram = s->grams + view->gram, *end = gram + view->grams;
    for (const Gram *g = gram; g < end; g++)
        s->count[g->column] = 0;
    for (const Gram *g = gram; g < end; g++)
        s->count[g->column]++;
    for (const Gram *g = gram; g < end; g++) {
        float weight = core->weights[(size_t)g->column * (size_t)core->labels + (size_t)column];
        if (weight == 0)
            continue;
        double share = (double)weight * (view->scale / s->count[g->column]) /
                       (g->end - g->start) * part;
        for (int32_t i = g->start; i < g->end; i++)
            s->by_char[view->offset + i] += share;
    }
}

/* The heaviest run of neighbouring words that are at least half as strong as the strongest. */
static void find_evidence(const Core *core, Scratch *s, Py_ssize_t length, Hit *hit)
{
    int labels = core->labels;
    Py_ssize_t best_view = 0;
    for (Py_ssize_t view = 1; view < s->n_views; view++)
        if (!best_view || s->by_view[view * labels + hit->column] >
                              s->by_view[best_view * labels + hit->column])
            best_view = view;
    memset(s->by_char, 0, (size_t)length * sizeof *s->by_char);
    weigh(core, s, &s->views[0], hit->column, best_view ? 0.5 : 1);
    if (best_view)
        weigh(core, s, &s->views[best_view], hit->column, 0.5);
    double top = 0;
    Py_ssize_t words = 0;
    for (Py_ssize_t i = 0; i < length; words++) {
        double sum = 0;
        for (; i < s->whole_end[words]; i++)
            sum += s->by_char[i];
        s->by_word[words] = rint(sum * SAME) / SAME;
        if (s->by_word[words] > top)
            top = s->by_word[words];
    }
    double best = 0, run = 0;
    Py_ssize_t first = 0;
    hit->start = -1;
    hit->end = -1;
    hit->weight = 0;
    for (Py_ssize_t i = 0; top > 0 && i <= words; i++) {
        int strong = i < words && s->by_word[i] > 0 && s->by_word[i] >= top / 2;
        if (strong) {
            if (run == 0)
                first = i;
            run += s->by_word[i];
        } else {
            run = rint(run * SAME) / SAME;
            if (run > best) {
                best = run;
                hit->start = first ? s->whole_end[first - 1] : 0;
                hit->end = s->whole_end[i - 1];
                hit->weight = run;
            }
            run = 0;
        }
    }
}

/* The labels of the text just scored, each leaf for its parent, too. */
static int decide(const Core *core, Scratch *s, Py_ssize_t row, Py_ssize_t length, int evidence)
{
    int labels = core->labels;
    memset(s->led, 0, (size_t)labels);
    for (int label = 0; label < labels; label++) {
        int chosen = s->mixed[label] >= core->least[label] &&
                     sigmoid(s->mixed[label]) >= core->thresholds[label];
        s->chosen[label] = (uint8_t)chosen;
        if (chosen && core->parent[label] >= 0)
            s->led[core->parent[label]] = 1;
    }
    for (int label = 0; label < labels; label++) {
        if (!s->chosen[label] || s->led[label])
            continue;
        if (grow((void **)&s->hits, &s->hit_room, s->n_hits + 1, sizeof *s->hits))
            return -1;
        Hit *hit = &s->hits[s->n_hits++];
        double score = 0;
        for (int i = 0; i < core->widest; i++) {
            double one = sigmoid(s->mixed[core->family[label * core->widest + i]]);
            if (one > score)
                score = one;
        }
        *hit = (Hit){(int32_t)row, label, -1, -1, score, 0};
        if (evidence)
            find_evidence(core, s, length, hit);
    }
    return 0;
}

/* -------------------------------------------------------------------------------- from Python */

static const char NAME[] = "commentnlp._core.Core";

static Core *core_of(PyObject *capsule)
{
    return (Core *)PyCapsule_GetPointer(capsule, NAME);
}

static void free_core(PyObject *capsule)
{
    Core *core = core_of(capsule);
    if (!core)
        return;
    while (core->free) {
        Scratch *s = core->free;
        core->free = s->next;
        free_scratch(s);
    }
    free(core->word_begin), free(core->word_slots), free(core->least), free(core->table);
    Py_XDECREF(core->owner);
    free(core);
}

/* An array by name: ``(address, length, size of an item)``. Returns its length, or -1. */
static Py_ssize_t array(PyObject *arrays, const char *name, Py_ssize_t size, const void **at)
{
    PyObject *entry = PyDict_GetItemString(arrays, name); /* borrowed */
    unsigned long long address;
    Py_ssize_t length, item;
    if (!entry) {
        PyErr_Format(PyExc_KeyError, "no array %s", name);
        return -1;
    }
    if (!PyArg_ParseTuple(entry, "Knn", &address, &length, &item))
        return -1;
    if (item != size || length < 0 || (length && !address)) {
        PyErr_Format(PyExc_ValueError, "array %s: items of %zd bytes instead of %zd", name, item, size);
        return -1;
    }
    *at = (const void *)(uintptr_t)address;
    return length;
}

static int fit(int good, const char *what)
{
    if (!good)
        PyErr_Format(PyExc_ValueError, "%s do not fit", what);
    return good;
}

#define ARRAY(name, field, length)                                                               \
    ((length = array(arrays, name, (Py_ssize_t)sizeof *core->field, (const void **)&core->field)) >= 0)

static int take_language(Core *core, PyObject *arrays)
{
    Py_ssize_t folded, flags, chars, denied;
    if (!ARRAY("folded", folded, folded) || !ARRAY("flags", flags, flags) ||
        !ARRAY("pairs", pairs, core->n_pairs) || !ARRAY("char_symbol", char_symbol, chars) ||
        !ARRAY("denied", denied, denied))
        return 0;
    return fit(folded == CODES && flags == CODES && chars == CODES, "tables of characters") &&
           fit(denied == SEQUENCE, "denied concepts");
}

static int take_words(Core *core, PyObject *arrays)
{
    Py_ssize_t codes, words, values;
    if (!ARRAY("word_codes", word_codes, codes) || !ARRAY("word_length", word_length, words) ||
        !ARRAY("word_value", word_value, values) ||
        !fit(words == values && words < INT32_MAX / 4, "words"))
        return 0;
    uint64_t slots = 16;
    while (slots < 2 * (uint64_t)words)
        slots *= 2;
    core->word_mask = slots - 1;
    core->word_slots = malloc(slots * sizeof *core->word_slots);
    core->word_begin = malloc(((size_t)words + 1) * sizeof *core->word_begin);
    if (!core->word_slots || !core->word_begin) {
        PyErr_NoMemory();
        return 0;
    }
    memset(core->word_slots, 0xFF, slots * sizeof *core->word_slots);
    int64_t begin = 0;
    for (Py_ssize_t i = 0; i < words; begin += core->word_length[i++]) {
        if (!fit(core->word_length[i] >= 0 && core->word_length[i] <= codes - begin, "words"))
            return 0;
        core->word_begin[i] = begin;
        /* whatever it says, what comes of it stays inside the arrays */
        int64_t concept = core->word_value[i] & ((1 << ROLE_BIT) - 1) & (SEQUENCE - 1);
        if (!fit(concept < SEQUENCE, "concepts"))
            return 0;
        uint64_t at = hash_word(core->word_codes + begin, core->word_length[i]) & core->word_mask;
        while (core->word_slots[at] >= 0)
            at = (at + 1) & core->word_mask;
        core->word_slots[at] = (int32_t)i;
    }
    return 1;
}

static int take_numbers(Core *core, PyObject *arrays)
{
    const int64_t *keys;
    Py_ssize_t features = array(arrays, "keys", sizeof *keys, (const void **)&keys);
    Py_ssize_t weights, idf2, bias, thresholds, family, parent, second, parents;
    if (features < 0 || !ARRAY("weights", weights, weights) ||
        !ARRAY("idf2", idf2, idf2) || !ARRAY("bias", bias, bias) ||
        !ARRAY("thresholds", thresholds, thresholds) || !ARRAY("family", family, family) ||
        !ARRAY("parent", parent, parent) || !ARRAY("second", second, second) ||
        !ARRAY("parents", parents, parents))
        return 0;
    core->features = features;
    if (!fit(features == idf2 && features < INT32_MAX / 4, "n-grams") ||
        !fit(bias > 0 && bias < 10000 && thresholds == bias && parent == bias, "labels") ||
        !fit(weights / bias == idf2 && weights % bias == 0, "weights") ||
        !fit(family > 0 && family % bias == 0 && parents <= bias, "families"))
        return 0;
    core->labels = (int)bias;
    core->widest = (int)(family / bias);
    core->n_parents = (int)parents;
    for (Py_ssize_t i = 0; i < family; i++)
        if (!fit(core->family[i] >= 0 && core->family[i] < bias, "families"))
            return 0;
    for (Py_ssize_t i = 0; i < bias; i++)
        if (!fit(core->parent[i] >= -1 && core->parent[i] < bias, "parents"))
            return 0;
    for (Py_ssize_t i = 0; i < parents; i++)
        if (!fit(core->parents[i] >= 0 && core->parents[i] < bias, "parents"))
            return 0;
    if (!second)
        core->second = NULL;
    else if (!fit(second == (bias + parents * (parents - 1) / 2 + 3) * bias, "second look"))
        return 0;
    core->table_shift = 60;
    while ((uint64_t)1 << (64 - core->table_shift) < 2 * (uint64_t)features)
        core->table_shift--;
    core->table_mask = ((uint64_t)1 << (64 - core->table_shift)) - 1;
    core->table = calloc(core->table_mask + 1, sizeof *core->table);
    if (!core->table) {
        PyErr_NoMemory();
        return 0;
    }
    for (Py_ssize_t i = 0; i < features; i++) {
        uint64_t at = (uint64_t)keys[i] * SPREAD >> core->table_shift;
        if (!fit(keys[i] > 0, "n-grams"))
            return 0;
        while (core->table[at & core->table_mask].key)
            at++;
        core->table[at & core->table_mask] = (Slot){keys[i], (int32_t)i};
    }
    core->least = malloc((size_t)bias * sizeof *core->least);
    if (!core->least) {
        PyErr_NoMemory();
        return 0;
    }
    for (Py_ssize_t i = 0; i < bias; i++) {
        double threshold = core->thresholds[i];
        core->least[i] = threshold > 0 && threshold < 1 ? log(threshold / (1 - threshold)) - 1e-6
                                                        : -HUGE_VAL;
    }
    return 1;
}

static const char DICTIONARY[] = "commentnlp._core.Dictionary";

static void free_dictionary(PyObject *capsule)
{
    Dictionary *d = (Dictionary *)PyCapsule_GetPointer(capsule, DICTIONARY);
    if (!d)
        return;
    free(d->slots), free(d->cost), free(d);
}

static int add_user_words(Dictionary *d, PyObject *words)
{
    PyObject *word, *frequency; /* borrowed */
    Py_ssize_t at = 0;
    while (PyDict_Next(words, &at, &word, &frequency)) {
        enum { LONGEST = 200 };
        Py_UCS4 codes[LONGEST];
        Py_ssize_t length = PyUnicode_Check(word) ? PyUnicode_GetLength(word) : -1;
        double value = PyFloat_AsDouble(frequency);
        if (PyErr_Occurred())
            return -1;
        if (!fit(length > 0 && length <= LONGEST && value >= 0, "user words") ||
            !PyUnicode_AsUCS4(word, codes, LONGEST, 0) ||
            !fit(!add_word(d, codes, length, value), "user words"))
            return -1;
    }
    return 0;
}

static PyObject *read_dictionary(PyObject *module, PyObject *args)
{
    (void)module;
    const char *bytes;
    Py_ssize_t size;
    PyObject *words;
    if (!PyArg_ParseTuple(args, "y#O!", &bytes, &size, &PyDict_Type, &words))
        return NULL;
    Dictionary *d = calloc(1, sizeof *d);
    PyObject *capsule = d ? PyCapsule_New(d, DICTIONARY, free_dictionary) : NULL;
    if (!capsule) {
        free(d);
        return d ? NULL : PyErr_NoMemory();
    }
    d->slots = calloc(SLOT_MASK + 1, sizeof *d->slots);
    d->cost = calloc(MOST_NODES, sizeof *d->cost);
    d->nodes = 1;
    const unsigned char *at = (const unsigned char *)bytes;
    if (!d->slots || !d->cost)
        PyErr_NoMemory();
    else if (fit(!read_lines(d, at, at + size), "lines of the dictionary") &&
             !add_user_words(d, words)) {
        double total = log(d->total);
        d->unknown_cost = log(1.0) - total;
        for (uint32_t node = 1; node < d->nodes; node++)
            d->cost[node] = d->cost[node] > 0 ? log(d->cost[node]) - total : NO_WORD;
        return capsule;
    }
    Py_DECREF(capsule);
    return NULL;
}

static PyObject *build(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *arrays, *dictionary, *owner;
    long long other, asked;
    if (!PyArg_ParseTuple(args, "O!OOLL", &PyDict_Type, &arrays, &dictionary, &owner, &other,
                          &asked))
        return NULL;
    const Dictionary *d = (const Dictionary *)PyCapsule_GetPointer(dictionary, DICTIONARY);
    if (!d)
        return NULL;
    Core *core = calloc(1, sizeof *core);
    if (!core)
        return PyErr_NoMemory();
    PyObject *capsule = PyCapsule_New(core, NAME, free_core);
    if (!capsule) {
        free(core);
        return NULL;
    }
    core->owner = PyTuple_Pack(2, dictionary, owner);
    core->dictionary = d;
    core->other = other;
    core->asked = asked;
    if (!core->owner || !take_language(core, arrays) || !take_words(core, arrays) ||
        !take_numbers(core, arrays)) {
        Py_DECREF(capsule);
        return NULL;
    }
    return capsule;
}

/* The characters of a string to s->code. Returns how many, or -1. */
static Py_ssize_t take_text(Scratch *s, PyObject *text)
{
    if (!PyUnicode_Check(text)) {
        PyErr_SetString(PyExc_TypeError, "texts must be strings");
        return -1;
    }
    Py_ssize_t length = PyUnicode_GetLength(text);
    if (length < 0)
        return -1;
    if (grow_to_text(s, length)) {
        PyErr_NoMemory();
        return -1;
    }
    if (length && !PyUnicode_AsUCS4(text, s->code, s->room, 0))
        return -1;
    return length;
}

static PyObject *scan(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *capsule, *texts;
    if (!PyArg_ParseTuple(args, "OO!", &capsule, &PyList_Type, &texts))
        return NULL;
    Core *core = core_of(capsule);
    if (!core)
        return NULL;
    Scratch *s = take_scratch(core);
    if (!s)
        return PyErr_NoMemory();
    PyObject *out = PyList_New(0);
    for (Py_ssize_t i = 0; out && i < PyList_Size(texts); i++) {
        Py_ssize_t length = take_text(s, PyList_GetItem(texts, i));
        int needs = length < 0 ? RULED : fold(core, s->code, length);
        if (needs == PLAIN)
            continue;
        PyObject *place = length < 0 ? NULL : PyLong_FromSsize_t(needs == UNSEEN ? ~i : i);
        if (!place || PyList_Append(out, place))
            Py_CLEAR(out);
        Py_XDECREF(place);
    }
    give_back(core, s);
    return out;
}

/* All texts as characters, copied while the GIL is held. */
typedef struct {
    uint32_t *codes;
    Py_ssize_t *begin; /* one more than there are texts */
    uint8_t *normal;   /* whether a text is normalised already */
    Py_ssize_t count, longest;
} Texts;

static void free_texts(Texts *t) { free(t->codes), free(t->begin), free(t->normal); }

static int take_texts(Texts *t, PyObject *texts, const char *normal, Py_ssize_t n_normal)
{
    memset(t, 0, sizeof *t);
    t->count = PyList_Size(texts);
    if (n_normal != t->count) {
        PyErr_SetString(PyExc_ValueError, "as many marks as texts are needed");
        return -1;
    }
    t->begin = malloc(((size_t)t->count + 1) * sizeof *t->begin);
    t->normal = malloc((size_t)t->count + 1);
    if (!t->begin || !t->normal) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(t->normal, normal, (size_t)t->count);
    Py_ssize_t size = 0;
    for (Py_ssize_t i = 0; i < t->count; i++) {
        PyObject *text = PyList_GetItem(texts, i);
        Py_ssize_t length = PyUnicode_Check(text) ? PyUnicode_GetLength(text) : -1;
        if (length < 0) {
            if (!PyErr_Occurred())
                PyErr_SetString(PyExc_TypeError, "texts must be strings");
            return -1;
        }
        t->begin[i] = size;
        size += length;
        if (length > t->longest)
            t->longest = length;
    }
    t->begin[t->count] = size;
    t->codes = malloc(((size_t)size + 1) * sizeof *t->codes);
    if (!t->codes) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < t->count; i++) {
        Py_ssize_t length = t->begin[i + 1] - t->begin[i];
        if (length && !PyUnicode_AsUCS4(PyList_GetItem(texts, i), t->codes + t->begin[i], length, 0))
            return -1;
    }
    return 0;
}

/* Normalised text number ``i`` to s->text; returns its length. What a rule of the normaliser could
 * change and is not marked as normalised is folded only. */
static Py_ssize_t normal_text(const Core *core, Scratch *s, const Texts *t, Py_ssize_t i)
{
    Py_ssize_t length = t->begin[i + 1] - t->begin[i];
    memcpy(s->text, t->codes + t->begin[i], (size_t)length * sizeof *s->text);
    if (!t->normal[i])
        fold(core, s->text, length);
    return length;
}

/* The hits; if ``wanted`` is given, those of texts that it marks. */
static PyObject *hits_as_list(const Scratch *s, const uint8_t *wanted)
{
    PyObject *out = PyList_New(0);
    for (Py_ssize_t i = 0; out && i < s->n_hits; i++) {
        const Hit *hit = &s->hits[i];
        if (wanted && !wanted[hit->row])
            continue;
        PyObject *one = Py_BuildValue("(iidiid)", hit->row, hit->column, hit->score, hit->start,
                                      hit->end, hit->weight);
        if (!one || PyList_Append(out, one))
            Py_CLEAR(out);
        Py_XDECREF(one);
    }
    return out;
}

/* ------------------------------------------------------------------------------ cells of a CSV */

/* The characters of lines, of all texts one after the other. */
typedef struct {
    uint32_t *codes;
    Py_ssize_t size, room;
    Py_ssize_t *end; /* of the line of each text */
    int failed;
} Lines;

/* The names of labels, and which facet each is of. */
typedef struct {
    uint32_t *codes;
    Py_ssize_t *begin; /* one more than there are labels */
    const uint8_t *facet;
    int facets;
} Names;

static void put(Lines *lines, uint32_t code)
{
    if (lines->failed ||
        (lines->size == lines->room &&
         grow((void **)&lines->codes, &lines->room, lines->size + 1, sizeof *lines->codes))) {
        lines->failed = 1;
        return;
    }
    lines->codes[lines->size++] = code;
}

/* A probability with three digits after the point, rounded as Python does. */
static void put_score(Lines *lines, double score)
{
    double thousandths = score * 1000, whole = floor(thousandths);
    if (fabs(thousandths - whole - 0.5) < 1e-6) { /* a tie, or nearly: the exact value decides */
        char text[16];
        PyOS_snprintf(text, sizeof text, "%.3f", score);
        for (const char *c = text; *c; c++)
            put(lines, *c == ',' ? '.' : (unsigned char)*c); /* some languages write a comma */
        return;
    }
    int digits = (int)whole + (thousandths - whole > 0.5);
    put(lines, (uint32_t)('0' + digits / 1000));
    put(lines, '.');
    put(lines, (uint32_t)('0' + digits / 100 % 10));
    put(lines, (uint32_t)('0' + digits / 10 % 10));
    put(lines, (uint32_t)('0' + digits % 10));
}

static void put_name(Lines *lines, const Names *names, int column)
{
    for (Py_ssize_t i = names->begin[column]; i < names->begin[column + 1]; i++)
        put(lines, names->codes[i]);
}

/* From ``begin`` on all is one cell: put it between quotation marks if CSV asks for it. */
static void quote(Lines *lines, Py_ssize_t begin)
{
    Py_ssize_t marks = 0, end = lines->size;
    int needed = 0;
    for (Py_ssize_t i = begin; i < end; i++) {
        uint32_t c = lines->codes[i];
        marks += c == '"';
        needed |= c == ',' || c == '"' || c == '\r' || c == '\n';
    }
    if (!needed)
        return;
    for (Py_ssize_t i = 0; i < marks + 2; i++)
        put(lines, '"');
    if (lines->failed)
        return;
    Py_ssize_t to = lines->size - 1; /* the last mark stays */
    for (Py_ssize_t i = end - 1; i >= begin; i--) {
        lines->codes[--to] = lines->codes[i];
        if (lines->codes[i] == '"')
            lines->codes[--to] = '"';
    }
    lines->codes[--to] = '"';
}

/* The cells of a text with labels: of each facet labels and scores, the likeliest first, then the
 * evidence; each cell after a comma. */
static void put_line(Lines *lines, const Names *names, Hit *hits, Py_ssize_t count,
                     const uint32_t *raw)
{
    for (int facet = 0; facet < names->facets; facet++) {
        const Hit *found[MOST_NAMED];
        Py_ssize_t several = 0;
        for (Py_ssize_t i = 0; i < count; i++) {
            if (names->facet[hits[i].column] != facet)
                continue;
            Py_ssize_t at = several++;
            for (; at && found[at - 1]->score < hits[i].score; at--)
                found[at] = found[at - 1];
            found[at] = &hits[i];
        }
        put(lines, ',');
        Py_ssize_t begin = lines->size;
        for (Py_ssize_t i = 0; i < several; i++) {
            if (i)
                put(lines, '|');
            put_name(lines, names, found[i]->column);
        }
        quote(lines, begin);
        put(lines, ',');
        for (Py_ssize_t i = 0; i < several; i++) {
            if (i)
                put(lines, '|');
            put_score(lines, found[i]->score);
        }
    }
    put(lines, ',');
    Py_ssize_t begin = lines->size;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (hits[i].start < 0)
            continue;
        if (lines->size > begin)
            put(lines, '|');
        put_name(lines, names, hits[i].column);
        put(lines, ':');
        for (int32_t at = hits[i].start; at < hits[i].end; at++)
            put(lines, raw[at]);
    }
    quote(lines, begin);
}

static void free_names(Names *names) { free(names->codes), free(names->begin); }

static int take_names(Names *names, const Core *core, PyObject *list, const char *facet,
                      Py_ssize_t n_facet)
{
    memset(names, 0, sizeof *names);
    if (!fit(PyList_Size(list) == core->labels && n_facet == core->labels &&
                 core->labels <= MOST_NAMED,
             "names of labels"))
        return -1;
    names->facet = (const uint8_t *)facet;
    names->begin = calloc((size_t)core->labels + 1, sizeof *names->begin);
    Py_ssize_t room = 0;
    for (int i = 0; names->begin && i < core->labels; i++) {
        PyObject *name = PyList_GetItem(list, i);
        Py_ssize_t length = PyUnicode_Check(name) ? PyUnicode_GetLength(name) : -1;
        if (!fit(length >= 0, "names of labels"))
            return -1;
        names->begin[i + 1] = names->begin[i] + length;
        if (grow((void **)&names->codes, &room, names->begin[i + 1] + 1, sizeof *names->codes))
            break;
        if (length && !PyUnicode_AsUCS4(name, names->codes + names->begin[i], length, 0))
            return -1;
        if (facet[i] >= names->facets)
            names->facets = facet[i] + 1;
    }
    if (names->begin && names->codes)
        return 0;
    PyErr_NoMemory();
    return -1;
}

/* Pairs of label and score; a leaf's parent comes after it, with the score of its surest leaf. */
static PyObject *found_of(const Core *core, const Hit *hits, Py_ssize_t count)
{
    PyObject *out = PyList_New(0);
    for (Py_ssize_t i = 0; out && i < count; i++) {
        int column = hits[i].column, parent = (int)core->parent[column], later = 0;
        double score = hits[i].score, most = score;
        for (Py_ssize_t j = 0; parent >= 0 && j < count; j++)
            if (j != i && core->parent[hits[j].column] == parent) {
                later |= j > i;
                if (hits[j].score > most)
                    most = hits[j].score;
            }
        for (int which = 0; out && which < 1 + (parent >= 0 && !later); which++) {
            PyObject *pair = which ? Py_BuildValue("(id)", parent, most)
                                   : Py_BuildValue("(id)", column, score);
            if (!pair || PyList_Append(out, pair))
                Py_CLEAR(out);
            Py_XDECREF(pair);
        }
    }
    PyObject *tuple = out ? PyList_AsTuple(out) : NULL;
    Py_XDECREF(out);
    return tuple;
}

/* For each text ``(line, found)``; None where it has no label or was normalised before. */
static PyObject *lines_as_list(const Core *core, const Lines *lines, const Scratch *s,
                               const Texts *texts)
{
    PyObject *out = PyList_New(texts->count);
    Py_ssize_t hit = 0, begin = 0;
    const uint32_t probe = 1;
    int order = *(const char *)&probe ? -1 : 1; /* of the bytes of a character on this machine */
    for (Py_ssize_t i = 0; out && i < texts->count; i++) {
        Py_ssize_t first = hit;
        while (hit < s->n_hits && s->hits[hit].row == i)
            hit++;
        PyObject *one = Py_None;
        if (hit > first && !texts->normal[i]) {
            one = NULL;
            PyObject *found = found_of(core, s->hits + first, hit - first);
            PyObject *line = found ? PyUnicode_DecodeUTF32((const char *)(lines->codes + begin),
                                                           (lines->end[i] - begin) * 4,
                                                           "surrogatepass", &order)
                                   : NULL;
            if (line)
                one = PyTuple_Pack(2, line, found);
            Py_XDECREF(found);
            Py_XDECREF(line);
        } else
            Py_INCREF(one);
        begin = lines->end[i];
        if (!one || PyList_SetItem(out, i, one))
            Py_CLEAR(out);
    }
    return out;
}

static PyObject *line_ends(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *capsule, *list, *label_names, *out = NULL;
    const char *normal, *facet;
    Py_ssize_t n_normal, n_facet;
    if (!PyArg_ParseTuple(args, "OO!y#O!y#", &capsule, &PyList_Type, &list, &normal, &n_normal,
                          &PyList_Type, &label_names, &facet, &n_facet))
        return NULL;
    Core *core = core_of(capsule);
    if (!core)
        return NULL;
    Texts texts = {0};
    Names names = {0};
    Lines lines = {0};
    Scratch *s = take_scratch(core);
    if (!s)
        return PyErr_NoMemory();
    if (take_texts(&texts, list, normal, n_normal) ||
        take_names(&names, core, label_names, facet, n_facet))
        goto done;
    lines.end = malloc(((size_t)texts.count + 1) * sizeof *lines.end);
    int failed = !lines.end || grow_to_text(s, texts.longest);
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t i = 0; !failed && i < texts.count; i++) {
        Py_ssize_t length = normal_text(core, s, &texts, i), first = s->n_hits;
        failed = score_text(core, s, length) || decide(core, s, i, length, 1);
        if (!failed && !texts.normal[i] && s->n_hits > first)
            put_line(&lines, &names, s->hits + first, s->n_hits - first,
                     texts.codes + texts.begin[i]);
        if (!failed)
            lines.end[i] = lines.size;
        failed |= lines.failed;
    }
    Py_END_ALLOW_THREADS
    if (failed)
        PyErr_NoMemory();
    else {
        PyObject *laid_out = lines_as_list(core, &lines, s, &texts);
        PyObject *hits = laid_out ? hits_as_list(s, texts.normal) : NULL;
        out = hits ? PyTuple_Pack(2, laid_out, hits) : NULL;
        Py_XDECREF(laid_out);
        Py_XDECREF(hits);
    }
done:
    free(lines.codes), free(lines.end);
    free_names(&names);
    free_texts(&texts);
    give_back(core, s);
    return out;
}

static PyObject *run(PyObject *args, int wants_logits)
{
    PyObject *capsule, *list;
    const char *normal;
    Py_ssize_t n_normal;
    int evidence = 0;
    if (!PyArg_ParseTuple(args, "OO!y#|p", &capsule, &PyList_Type, &list, &normal, &n_normal,
                          &evidence))
        return NULL;
    Core *core = core_of(capsule);
    if (!core)
        return NULL;
    Texts texts;
    PyObject *out = NULL;
    double *logits = NULL;
    Scratch *s = take_scratch(core);
    if (!s)
        return PyErr_NoMemory();
    if (take_texts(&texts, list, normal, n_normal))
        goto done;
    int failed = grow_to_text(s, texts.longest);
    if (wants_logits && !failed) {
        logits = malloc(((size_t)texts.count * (size_t)core->labels + 1) * sizeof *logits);
        failed = !logits;
    }
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t i = 0; !failed && i < texts.count; i++) {
        Py_ssize_t length = normal_text(core, s, &texts, i);
        failed = score_text(core, s, length);
        if (!failed && wants_logits)
            memcpy(logits + i * core->labels, s->mixed, (size_t)core->labels * sizeof *logits);
        else if (!failed)
            failed = decide(core, s, i, length, evidence);
    }
    Py_END_ALLOW_THREADS
    if (failed)
        PyErr_NoMemory();
    else if (wants_logits)
        out = PyBytes_FromStringAndSize(
            (const char *)logits, texts.count * core->labels * (Py_ssize_t)sizeof *logits);
    else
        out = hits_as_list(s, NULL);
done:
    free(logits);
    free_texts(&texts);
    give_back(core, s);
    return out;
}

static PyObject *tag(PyObject *module, PyObject *args)
{
    (void)module;
    return run(args, 0);
}

static PyObject *score(PyObject *module, PyObject *args)
{
    (void)module;
    return run(args, 1);
}

static PyObject *cut_words(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *capsule, *text, *out = NULL;
    if (!PyArg_ParseTuple(args, "OO!", &capsule, &PyUnicode_Type, &text))
        return NULL;
    const Dictionary *d = (const Dictionary *)PyCapsule_GetPointer(capsule, DICTIONARY);
    Py_ssize_t length = PyUnicode_GetLength(text);
    if (!d || length < 0)
        return NULL;
    Scratch s;
    memset(&s, 0, sizeof s);
    if (take_text(&s, text) < 0)
        goto done;
    Py_ssize_t count = cut(d, &s, s.code, length), begin = 0;
    out = PyList_New(count);
    for (Py_ssize_t i = 0; out && i < count; begin = s.word_end[i++]) {
        PyObject *word = PyUnicode_Substring(text, begin, s.word_end[i]);
        if (!word || PyList_SetItem(out, i, word))
            Py_CLEAR(out);
    }
done:
    free_arrays(&s);
    return out;
}

PyObject *read_cells(PyObject *module, PyObject *args); /* _rows.c */

static PyMethodDef methods[] = {
    {"build", build, METH_VARARGS,
     "build(arrays, dictionary, owner, other, asked) -> core\n\n"
     "Take the arrays of a model, each as (address, length, bytes of an item); owner keeps them."},
    {"scan", scan, METH_VARARGS,
     "scan(core, texts) -> list of int\n\n"
     "Which raw texts need the rules of the normaliser; ~i where number i has a character that was\n"
     "not yet met."},
    {"tag", tag, METH_VARARGS,
     "tag(core, texts, normalised, evidence=False) -> list of\n"
     "(text, label, score, start, end, weight)\n\n"
     "Labels; normalised has a byte for each text, not 0 where it is normalised already."},
    {"line_ends", line_ends, METH_VARARGS,
     "line_ends(core, texts, normalised, names, facets) -> (lines, hits)\n\n"
     "For each text the cells of its labels as the end of a line of CSV, and its labels with their\n"
     "scores, parents among them; None where it has none. names has a name for each label, facets a\n"
     "byte with the number of its facet. Of texts that are normalised already there are the hits."},
    {"score", score, METH_VARARGS,
     "score(core, texts, normalised) -> bytes\n\nLog-odds, texts x labels, as doubles."},
    {"cut", cut_words, METH_VARARGS,
     "cut(dictionary, text) -> list of str\n\nWords of a normalised text."},
    {"read_dictionary", read_dictionary, METH_VARARGS,
     "read_dictionary(lines, words) -> dictionary\n\n"
     "Take jieba's dictionary, bytes, and words of our own with their frequencies."},
    {"read_cells", read_cells, METH_VARARGS,
     "read_cells(lines, at, end, delimiter, width, first, places, columns) -> int\n\n"
     "Append the cells at places of the lines from at to end to the lists in columns; returns where\n"
     "it stopped: at the first line that has a quotation mark, has not width cells, or begins with\n"
     "nothing or with first, the first cell of the header."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "commentnlp._core", "The compiled core of commentnlp.", -1, methods,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__core(void) { return PyModule_Create(&definition); }
