/* Cells of clean lines of a table: no quotation marks, as wide as the header, begun by something.
 *
 * commentnlp.reading.tables reads every other line, and all of them where this was not built.
 * A part of the module commentnlp._core.
 */
#define Py_LIMITED_API 0x030A0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

enum { MOST_CELLS = 4096 };

typedef struct {
    Py_UCS4 *codes;
    Py_ssize_t room;
    Py_ssize_t begin[MOST_CELLS + 1];
} Line;

/* Take a line apart. Returns how many cells it has, 0 where it is not clean, -1 for an error. */
static Py_ssize_t take_apart(Line *line, PyObject *text, Py_UCS4 delimiter, Py_ssize_t width)
{
    Py_ssize_t length = PyUnicode_Check(text) ? PyUnicode_GetLength(text) : -1;
    if (length < 0) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_TypeError, "lines must be strings");
        return -1;
    }
    if (length + 1 > line->room) {
        Py_ssize_t room = length + length / 2 + 256;
        Py_UCS4 *larger = PyMem_Realloc(line->codes, (size_t)room * sizeof *larger);
        if (!larger) {
            PyErr_NoMemory();
            return -1;
        }
        line->codes = larger;
        line->room = room;
    }
    if (!PyUnicode_AsUCS4(text, line->codes, line->room, 1))
        return -1;
    Py_ssize_t cells = 1;
    line->begin[0] = 0;
    for (Py_ssize_t i = 0; i < length; i++) {
        if (line->codes[i] == '"')
            return 0;
        if (line->codes[i] == delimiter) {
            if (cells == width)
                return 0;
            line->begin[cells++] = i + 1;
        }
    }
    line->begin[cells] = length + 1;
    return cells == width && line->begin[1] > 1 ? cells : 0;
}

PyObject *read_cells(PyObject *module, PyObject *args);

PyObject *read_cells(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *lines, *first, *places, *columns;
    Py_ssize_t at, end, width;
    int delimiter;
    if (!PyArg_ParseTuple(args, "O!nnCnUO!O!", &PyList_Type, &lines, &at, &end, &delimiter, &width,
                          &first, &PyTuple_Type, &places, &PyTuple_Type, &columns))
        return NULL;
    Py_ssize_t wanted = PyTuple_Size(places);
    if (at < 0 || end > PyList_Size(lines) || width < 1 || width > MOST_CELLS ||
        wanted != PyTuple_Size(columns)) {
        PyErr_SetString(PyExc_ValueError, "lines, width, places or columns do not fit");
        return NULL;
    }
    Line line = {0};
    int failed = 0;
    for (; at < end; at++) {
        PyObject *text = PyList_GetItem(lines, at); /* borrowed */
        Py_ssize_t cells = take_apart(&line, text, (Py_UCS4)delimiter, width);
        failed = cells < 0;
        if (cells <= 0)
            break;
        PyObject *begun = PyUnicode_Substring(text, 0, line.begin[1] - 1);
        int again = begun ? PyUnicode_Compare(begun, first) == 0 : 0;
        failed = !begun || PyErr_Occurred();
        Py_XDECREF(begun);
        if (failed || again)
            break; /* perhaps the header comes again */
        for (Py_ssize_t i = 0; i < wanted && !failed; i++) {
            Py_ssize_t place = PyLong_AsSsize_t(PyTuple_GetItem(places, i));
            if (place < 0 || place >= width) {
                if (!PyErr_Occurred())
                    PyErr_SetString(PyExc_ValueError, "no such place in a line");
                failed = 1;
                break;
            }
            PyObject *cell =
                PyUnicode_Substring(text, line.begin[place], line.begin[place + 1] - 1);
            failed = !cell || PyList_Append(PyTuple_GetItem(columns, i), cell);
            Py_XDECREF(cell);
        }
        if (failed)
            break;
    }
    PyMem_Free(line.codes);
    return failed ? NULL : PyLong_FromSsize_t(at);
}
