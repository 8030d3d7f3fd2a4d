"""What ran out is said with the file it concerns."""

import errno
import os
from pathlib import Path

import pytest

from simulators.space import NO_SPACE, space_for


@pytest.mark.parametrize("number", NO_SPACE)
def test_what_ran_out_is_named(number):
    message = r"a\.nc is not written \(an earlier one is as it was\); make space"
    with pytest.raises(OSError, match=message) as caught, space_for(Path("a.nc")):
        raise OSError(number, os.strerror(number))
    assert caught.value.errno == number
    assert NO_SPACE[number] in str(caught.value)


def test_other_errors_pass_as_they_are():
    error = PermissionError(errno.EACCES, "closed")
    with pytest.raises(PermissionError) as caught, space_for(Path("a.nc")):
        raise error
    assert caught.value is error
