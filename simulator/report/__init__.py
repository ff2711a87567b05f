"""What people look at: self-contained HTML pages of runs, and the frame that other pages are set in.

The drawing library is set into each page: `assets/plotly-cartesian.min.js` is the file of that name of the npm
package ``plotly.js-cartesian-dist-min`` 4.1.1 (MIT licence beside it), unchanged.
"""
