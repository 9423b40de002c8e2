#    Licensed under the Apache License, Version 2.0 (the "License"); you may
#    not use this file except in compliance with the License. You may obtain
#    a copy of the License at
#
#         http://www.apache.org/licenses/LICENSE-2.0
#
#    Unless required by applicable law or agreed to in writing, software
#    distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
#    WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
#    License for the specific language governing permissions and limitations
#    under the License.

"""Sphinx configuration of the documentation."""

project = 'nova_zvm'
author = 'The nova-zvm developers'
copyright = author

extensions = [
    'openstackdocstheme',
    'oslo_config.sphinxext',
    'sphinx.ext.graphviz',
    'sphinx_feature_classification.support_matrix',
]

html_theme = 'openstackdocs'
openstackdocs_repo_name = 'nova-zvm'
openstackdocs_auto_name = False
openstackdocs_use_storyboard = False

html_static_path = ['_static']
html_css_files = ['pages.css']

# The look of all pictures: black on white, in any sans-serif font.
graphviz_output_format = 'svg'
graphviz_dot_args = [
    '-Gfontname=sans-serif', '-Gfontsize=10', '-Glabeljust=l',
    '-Granksep=0.35',
    '-Nfontname=sans-serif', '-Nfontsize=10', '-Nshape=box', '-Nheight=0.3',
    '-Nmargin=0.1,0.06',
    '-Efontname=sans-serif', '-Efontsize=9', '-Earrowsize=0.7',
]

root_doc = 'index'
exclude_patterns = []
pygments_style = 'native'
