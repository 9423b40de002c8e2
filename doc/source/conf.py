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
    'sphinx_feature_classification.support_matrix',
]

html_theme = 'openstackdocs'
openstackdocs_repo_name = 'nova-zvm'
openstackdocs_auto_name = False
openstackdocs_use_storyboard = False

root_doc = 'index'
exclude_patterns = []
pygments_style = 'native'
