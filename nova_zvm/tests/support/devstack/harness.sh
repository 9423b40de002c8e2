#!/bin/bash
#
# Run the plugin as DevStack's stack.sh, unstack.sh or clean.sh does:
#
#     harness.sh ROOT stack|unstack|clean
#
# All files are below ROOT; ROOT/localrc has the settings, ROOT/calls gets what
# DevStack is asked to do, ROOT/xtrace what bash ran.
#
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
# shellcheck disable=SC1091,SC2034

ROOT=$1
ACTION=$2
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PLUGIN=$(cd "$HERE/../../../../devstack" && pwd)

source "$HERE/functions.sh"

# What stackrc says of a new installation of DevStack.
ENABLED_SERVICES=key,n-api,n-cpu,n-cond,n-sch,n-novnc,n-api-meta
ENABLED_SERVICES+=,placement-api,placement-client,g-api,c-sch,c-api,c-vol
ENABLED_SERVICES+=,q-svc,q-ovn-agent,ovn-controller,ovn-northd
ENABLED_SERVICES+=,ovs-vswitchd,ovsdb-server,tempest,mysql,rabbit
VIRT_DRIVER=libvirt
SERVICE_TIMEOUT=60
DEST=$ROOT/stack
DATA_DIR=$DEST/data

source "$ROOT/localrc"

exec {BASH_XTRACEFD}>> "$ROOT/xtrace"
set -o errexit
set -o xtrace

# clean.sh reads neither this nor the settings.
if [[ "$ACTION" != clean ]]; then
    source "$PLUGIN/override-defaults"
fi

# What lib/nova, lib/neutron and lib/tempest say.
NOVA_CONF=$ROOT/etc/nova/nova.conf
NOVA_CPU_CONF=$ROOT/etc/nova/nova-cpu.conf
FORCE_CONFIG_DRIVE=${FORCE_CONFIG_DRIVE:-False}
NEUTRON_CONF=$ROOT/etc/neutron/neutron.conf
Q_AGENT=${Q_AGENT:-ovn}
Q_PLUGIN_CONF_FILE=${ROOT#/}/etc/neutron/plugins/ml2/ml2_conf.ini
Q_ML2_PLUGIN_MECHANISM_DRIVERS=${Q_ML2_PLUGIN_MECHANISM_DRIVERS:-ovn}
Q_ML2_TENANT_NETWORK_TYPE=${Q_ML2_TENANT_NETWORK_TYPE:-geneve}
NEUTRON_CREATE_INITIAL_NETWORKS=${NEUTRON_CREATE_INITIAL_NETWORKS:-True}
PUBLIC_NETWORK_NAME=${PUBLIC_NETWORK_NAME:-public}
TEMPEST_CONFIG=$ROOT/stack/tempest/etc/tempest.conf

if [[ "$ACTION" != clean ]]; then
    source "$PLUGIN/settings"
fi

function run_phase {
    record run_phase "$@"
    # shellcheck source=devstack/plugin.sh
    source "$PLUGIN/plugin.sh" "$@"
}

function configure_nova {
    mkdir -p "$(dirname "$NOVA_CONF")"
    # stack.sh makes this one anew, and keeps that of nova-compute.
    rm -f "$NOVA_CONF"
    iniset "$NOVA_CONF" DEFAULT instance_name_template 'instance-%08x'
    iniset "$NOVA_CONF" DEFAULT force_config_drive "$FORCE_CONFIG_DRIVE"
    iniset "$NOVA_CONF" DEFAULT vif_plugging_is_fatal True
    iniset "$NOVA_CONF" DEFAULT vif_plugging_timeout 300
}

function configure_neutron {
    local conf=/$Q_PLUGIN_CONF_FILE
    mkdir -p "$(dirname "$conf")"
    rm -f "$NEUTRON_CONF" "$conf"
    iniset "$NEUTRON_CONF" DEFAULT core_plugin ml2
    iniset "$conf" ml2 mechanism_drivers "$Q_ML2_PLUGIN_MECHANISM_DRIVERS"
    if [[ -n "$Q_ML2_PLUGIN_TYPE_DRIVERS" ]]; then
        iniset "$conf" ml2 type_drivers "$Q_ML2_PLUGIN_TYPE_DRIVERS"
    fi
    iniset "$conf" ml2 project_network_types "$Q_ML2_TENANT_NETWORK_TYPE"
    iniset "$conf" ml2 extension_drivers port_security
    iniset "$conf" ml2_type_flat flat_networks public,
    iniset "$conf" ml2_type_geneve vni_ranges 1:1000
}

# Of create_neutron_initial_network.
function create_external_network {
    if [[ "$NEUTRON_CREATE_INITIAL_NETWORKS" == True ]]; then
        mkdir -p "$ROOT/cloud/network"
        echo "id-of-network-$PUBLIC_NETWORK_NAME" \
            > "$ROOT/cloud/network/$PUBLIC_NETWORK_NAME"
    fi
}

function configure_tempest {
    mkdir -p "$(dirname "$TEMPEST_CONFIG")"
    rm -f "$TEMPEST_CONFIG"
    iniset "$TEMPEST_CONFIG" validation run_validation True
    iniset "$TEMPEST_CONFIG" validation connect_method floating
    iniset "$TEMPEST_CONFIG" validation network_for_ssh private
    iniset "$TEMPEST_CONFIG" service_available cinder True
    iniset "$TEMPEST_CONFIG" compute image_ref other
    iniset "$TEMPEST_CONFIG" compute flavor_ref 42
    iniset "$TEMPEST_CONFIG" compute fixed_network_name private
    iniset "$TEMPEST_CONFIG" compute-feature-enabled resize True
    iniset "$TEMPEST_CONFIG" compute-feature-enabled swap_volume True
}

case $ACTION in
    stack)
        run_phase stack pre-install
        run_phase stack install
        configure_nova
        configure_neutron
        run_phase stack post-config
        create_external_network
        run_phase stack extra
        configure_tempest
        run_phase stack test-config
        ;;
    *)
        run_phase "$ACTION"
        ;;
esac
record settings "$VIRT_DRIVER" "$ENABLED_SERVICES"
